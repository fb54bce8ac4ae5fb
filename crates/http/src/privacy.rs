//! The privacy notice (I.a): a page that anybody can read, and the same text as data for the app.

use axum::{
    extract::{Query, Request},
    http::{HeaderValue, Method, header, request::Parts},
    response::{IntoResponse, Response},
};
use homeserver::notice::{Lang, Notice};
use serde::Deserialize;
use serde_json::json;

use crate::{Endpoints, Tenants, error::ApiError};

/// Nothing but the page's own style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("privacy.css");

pub(crate) fn routes(endpoints: Endpoints) -> Endpoints {
    endpoints.raw(Method::GET, "/privacy", page).raw(Method::GET, "/_konsil/privacy", data).raw(
        Method::GET,
        "/_konsil/privacy.css",
        style,
    )
}

#[derive(Deserialize)]
struct Arguments {
    lang: Option<String>,
}

/// The language that is asked for by the address, else by the browser, else German.
fn lang(parts: &Parts) -> Lang {
    let asked = Query::<Arguments>::try_from_uri(&parts.uri).ok();
    let asked = asked.and_then(|Query(arguments)| arguments.lang);
    let accepted = || parts.headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok().map(str::to_owned);
    asked.or_else(accepted).map_or(Lang::De, |tag| Lang::for_tag(&tag))
}

/// `GET /_konsil/privacy?lang=de`: version, `since_ts` (ms), title and sections.
async fn data(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let notice = &hs.notice;
    let text = notice.text(lang(&parts));
    let body = json!({
        "version": notice.version,
        "since_ts": notice.since.0,
        "title": text.title,
        "sections": text.sections,
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}

/// `GET /privacy`: the notice for people.
async fn page(tenants: Tenants, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let hs = tenants.of(&parts)?;
    let mut response = write(&hs.notice, lang(&parts)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "Accept-Language"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

async fn style(_: Tenants, _: Request) -> Result<Response, ApiError> {
    Ok(([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response())
}

fn write(notice: &Notice, lang: Lang) -> String {
    let text = notice.text(lang);
    let (other, other_name, version, since, back) = match lang {
        Lang::De => ("en", "English", "Fassung", "gilt seit", "Zu Konsil"),
        Lang::En => ("de", "Deutsch", "Version", "holds since", "To Konsil"),
    };
    let mut sections = String::new();
    for section in &text.sections {
        sections.push_str(&format!("<section>\n<h2>{}</h2>\n", escaped(&section.heading)));
        for paragraph in &section.paragraphs {
            sections.push_str(&format!("<p>{}</p>\n", escaped(paragraph)));
        }
        sections.push_str("</section>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/_konsil/privacy.css\">\n</head>\n<body>\n<main>\n\
         <nav><a href=\"/\">{back}</a><a href=\"/privacy?lang={other}\" lang=\"{other}\" hreflang=\"{other}\">{other_name}</a></nav>\n\
         <h1>{title}</h1>\n<p class=\"version\">{version} {number}, {since} <time>{date}</time></p>\n{sections}</main>\n</body>\n</html>\n",
        tag = lang.tag(),
        title = escaped(&text.title),
        number = notice.version,
        date = escaped(&notice.day(lang)),
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hospital_writes_is_text_and_no_markup() {
        assert_eq!(escaped("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
    }
}
