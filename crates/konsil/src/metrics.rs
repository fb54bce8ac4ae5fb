//! `listen.metrics`: numbers for Prometheus, about the process, its databases and its routes; nothing about anybody.

use std::{convert::Infallible, fmt::Write, sync::Arc};

use http::{HeaderValue, Response, header};
use http_api::{
    Service,
    tally::{Numbers, TIMES_US},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{door::Door, node::Served};

/// Answers every request with the numbers of the moment, until it is dropped.
pub async fn serve(listener: TcpListener, served: Vec<Served>, requests: Service, door: Arc<Door>) {
    let served = Arc::new(served);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                };
                let (served, requests, door) = (served.clone(), requests.clone(), door.clone());
                connections.spawn(async move {
                    let service = service_fn(|_| {
                        let mut response = Response::new(page(&served, &requests, &door));
                        let kind = HeaderValue::from_static("text/plain; version=0.0.4");
                        response.headers_mut().insert(header::CONTENT_TYPE, kind);
                        std::future::ready(Ok::<_, Infallible>(response))
                    });
                    // Whoever breaks off asks again.
                    let _ = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(door.patience)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            _ = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

fn page(served: &[Served], requests: &Service, door: &Door) -> String {
    let mut page = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        page.write_fmt(text).expect("text grows");
        page.push('\n');
    };
    line(format_args!("konsil_connections {}", door.open_connections()));
    line(format_args!("konsil_resident_memory_bytes {}", resident_bytes()));
    for (_, hs) in served {
        let numbers = hs.db.statistics();
        let name = &hs.server_name;
        line(format_args!("konsil_commits_total{{hospital=\"{name}\"}} {}", numbers.commits));
        line(format_args!(
            "konsil_commit_batches_total{{hospital=\"{name}\"}} {}",
            numbers.batches
        ));
        for (size, count) in db::GROUP_SIZES.iter().zip(numbers.groups) {
            line(format_args!(
                "konsil_commit_groups_total{{hospital=\"{name}\",up_to=\"{size}\"}} {count}"
            ));
        }
        line(format_args!(
            "konsil_waiting_writes{{hospital=\"{name}\"}} {}",
            numbers.waiting_writes
        ));
        line(format_args!("konsil_waiting_reads{{hospital=\"{name}\"}} {}", numbers.waiting_reads));
    }
    write_requests(&mut line, &requests.numbers());
    page
}

/// Requests by the template of their route. What waits for news, as `/sync` does, takes as long as it waits.
fn write_requests(line: &mut impl FnMut(std::fmt::Arguments<'_>), routes: &[Numbers]) {
    line(format_args!("# TYPE konsil_requests_total counter"));
    for Numbers { method, path, statuses, .. } in routes {
        for (status, count) in statuses {
            line(format_args!(
                "konsil_requests_total{{route=\"{path}\",method=\"{method}\",status=\"{status}\"}} {count}"
            ));
        }
    }
    line(format_args!("# TYPE konsil_request_seconds histogram"));
    for Numbers { method, path, times, total_us, .. } in routes {
        let of = format!("route=\"{path}\",method=\"{method}\"");
        let mut count = 0;
        for (index, more) in times.iter().enumerate() {
            count += more;
            let end = TIMES_US.get(index).map_or("+Inf".to_owned(), |end| seconds(*end));
            line(format_args!("konsil_request_seconds_bucket{{{of},le=\"{end}\"}} {count}"));
        }
        line(format_args!("konsil_request_seconds_sum{{{of}}} {}", seconds(*total_us)));
        line(format_args!("konsil_request_seconds_count{{{of}}} {count}"));
    }
}

/// Microseconds as seconds, without a loss.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the process holds of the machine's memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_seconds() {
        for (us, text) in [
            (0, "0"),
            (500, "0.0005"),
            (2_500_000, "2.5"),
            (30_000_000, "30"),
            (1_000_001, "1.000001"),
        ] {
            assert_eq!(seconds(us), text);
        }
    }
}
