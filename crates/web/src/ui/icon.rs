//! The icons: strokes of 1.75 px from one set (Lucide, ISC licence, see `static/icons/LICENSE-lucide.txt`), inlined.

use leptos::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Chats,
    People,
    Search,
    Plus,
    Camera,
    Image,
    Document,
    Back,
    Forward,
    Phone,
    Check,
    Clock,
    Smile,
    Send,
    Close,
    Shield,
    Reply,
    Pencil,
    Trash,
    Info,
    Down,
    NoNetwork,
    Settings,
    SignOut,
    Key,
    Fingerprint,
    Printer,
    Copy,
    Phones,
    Alert,
    Warning,
    Group,
    Broadcast,
    Lock,
    Again,
    SwitchCamera,
    More,
    Spinner,
    Done,
    Eye,
    EyeOff,
    PassOn,
    Pin,
    Poll,
    Contact,
    Code,
    Import,
    Mail,
    Microphone,
    Video,
    Play,
    Pause,
    Star,
    Bell,
    Share,
    AddToScreen,
    Muted,
    Archive,
    Keyboard,
    UserPlus,
    Blacken,
    Pixelate,
    Crop,
    Turn,
    Arrow,
    Words,
    Undo,
    /// The server has the message.
    TickSent,
    /// A device has the message.
    TickDelivered,
    /// Somebody has read the message.
    TickRead,
}

impl Icon {
    fn paths(self) -> &'static str {
        match self {
            Self::Chats => {
                r##"<path d="M22 17a2 2 0 0 1-2 2H6.828a2 2 0 0 0-1.414.586l-2.202 2.202A.71.71 0 0 1 2 21.286V5a2 2 0 0 1 2-2h16a2 2 0 0 1 2 2z"/>"##
            }
            Self::People => {
                r##"<path d="M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2"/><path d="M16 3.128a4 4 0 0 1 0 7.744"/><path d="M22 21v-2a4 4 0 0 0-3-3.87"/><circle cx="9" cy="7" r="4"/>"##
            }
            Self::Code => {
                r##"<rect width="5" height="5" x="3" y="3" rx="1"/><rect width="5" height="5" x="16" y="3" rx="1"/><rect width="5" height="5" x="3" y="16" rx="1"/><path d="M21 16h-3a2 2 0 0 0-2 2v3"/><path d="M21 21v.01"/><path d="M12 7v3a2 2 0 0 1-2 2H7"/><path d="M3 12h.01"/><path d="M12 3h.01"/><path d="M12 16v.01"/><path d="M16 12h1"/><path d="M21 12v.01"/><path d="M12 21v-1"/>"##
            }
            Self::Import => {
                r##"<path d="M12 3v12"/><path d="m8 11 4 4 4-4"/><path d="M8 5H4a2 2 0 0 0-2 2v10a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2V7a2 2 0 0 0-2-2h-4"/>"##
            }
            Self::Mail => {
                r##"<path d="m22 7-8.991 5.727a2 2 0 0 1-2.009 0L2 7"/><rect x="2" y="4" width="20" height="16" rx="2"/>"##
            }
            Self::Search => r##"<path d="m21 21-4.34-4.34"/><circle cx="11" cy="11" r="8"/>"##,
            Self::Plus => r##"<path d="M5 12h14"/><path d="M12 5v14"/>"##,
            Self::Camera => {
                r##"<path d="M13.997 4a2 2 0 0 1 1.76 1.05l.486.9A2 2 0 0 0 18.003 7H20a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2h1.997a2 2 0 0 0 1.759-1.048l.489-.904A2 2 0 0 1 10.004 4z"/><circle cx="12" cy="13" r="3"/>"##
            }
            Self::Image => {
                r##"<rect width="18" height="18" x="3" y="3" rx="2" ry="2"/><circle cx="9" cy="9" r="2"/><path d="m21 15-3.086-3.086a2 2 0 0 0-2.828 0L6 21"/>"##
            }
            Self::Document => {
                r##"<path d="M6 22a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h8a2.4 2.4 0 0 1 1.704.706l3.588 3.588A2.4 2.4 0 0 1 20 8v12a2 2 0 0 1-2 2z"/><path d="M14 2v5a1 1 0 0 0 1 1h5"/><path d="M10 9H8"/><path d="M16 13H8"/><path d="M16 17H8"/>"##
            }
            Self::Back => r##"<path d="m15 18-6-6 6-6"/>"##,
            Self::Forward => r##"<path d="m9 18 6-6-6-6"/>"##,
            Self::Phone => {
                r##"<path d="M13.832 16.568a1 1 0 0 0 1.213-.303l.355-.465A2 2 0 0 1 17 15h3a2 2 0 0 1 2 2v3a2 2 0 0 1-2 2A18 18 0 0 1 2 4a2 2 0 0 1 2-2h3a2 2 0 0 1 2 2v3a2 2 0 0 1-.8 1.6l-.468.351a1 1 0 0 0-.292 1.233 14 14 0 0 0 6.392 6.384"/>"##
            }
            Self::Check => r##"<path d="M20 6 9 17l-5-5"/>"##,
            Self::Clock => r##"<circle cx="12" cy="12" r="10"/><path d="M12 6v6l4 2"/>"##,
            Self::Smile => {
                r##"<path d="M15 10V9"/><path d="M16.472 15a6 6 0 01-8.943 0"/><path d="M9 10V9"/><circle cx="12" cy="12" r="10"/>"##
            }
            Self::Send => {
                r##"<path d="M3.714 3.048a.498.498 0 0 0-.683.627l2.843 7.627a2 2 0 0 1 0 1.396l-2.842 7.627a.498.498 0 0 0 .682.627l18-8.5a.5.5 0 0 0 0-.904z"/><path d="M6 12h16"/>"##
            }
            Self::Close => r##"<path d="M18 6 6 18"/><path d="m6 6 12 12"/>"##,
            Self::Shield => {
                r##"<path d="M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z"/><path d="m9 12 2 2 4-4"/>"##
            }
            Self::Reply => r##"<path d="M20 18v-2a4 4 0 0 0-4-4H4"/><path d="m9 17-5-5 5-5"/>"##,
            Self::Pencil => {
                r##"<path d="M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497z"/><path d="m15 5 4 4"/>"##
            }
            Self::Trash => {
                r##"<path d="M10 11v6"/><path d="M14 11v6"/><path d="M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6"/><path d="M3 6h18"/><path d="M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2"/>"##
            }
            Self::Info => {
                r##"<circle cx="12" cy="12" r="10"/><path d="M12 16v-4"/><path d="M12 8h.01"/>"##
            }
            Self::Down => r##"<path d="M12 5v14"/><path d="m19 12-7 7-7-7"/>"##,
            Self::NoNetwork => {
                r##"<path d="M12 20h.01"/><path d="M8.5 16.429a5 5 0 0 1 7 0"/><path d="M5 12.859a10 10 0 0 1 5.17-2.69"/><path d="M19 12.859a10 10 0 0 0-2.007-1.523"/><path d="M2 8.82a15 15 0 0 1 4.177-2.643"/><path d="M22 8.82a15 15 0 0 0-11.288-3.764"/><path d="m2 2 20 20"/>"##
            }
            Self::Settings => {
                r##"<path d="M9.671 4.136a2.34 2.34 0 0 1 4.659 0 2.34 2.34 0 0 0 3.319 1.915 2.34 2.34 0 0 1 2.33 4.033 2.34 2.34 0 0 0 0 3.831 2.34 2.34 0 0 1-2.33 4.033 2.34 2.34 0 0 0-3.319 1.915 2.34 2.34 0 0 1-4.659 0 2.34 2.34 0 0 0-3.32-1.915 2.34 2.34 0 0 1-2.33-4.033 2.34 2.34 0 0 0 0-3.831A2.34 2.34 0 0 1 6.35 6.051a2.34 2.34 0 0 0 3.319-1.915"/><circle cx="12" cy="12" r="3"/>"##
            }
            Self::SignOut => {
                r##"<path d="m16 17 5-5-5-5"/><path d="M21 12H9"/><path d="M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4"/>"##
            }
            Self::Key => {
                r##"<path d="M2.586 17.414A2 2 0 0 0 2 18.828V21a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h1a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h.172a2 2 0 0 0 1.414-.586l.814-.814a6.5 6.5 0 1 0-4-4z"/><circle cx="16.5" cy="7.5" r=".5" fill="currentColor"/>"##
            }
            Self::Printer => {
                r##"<path d="M6 18H4a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2h16a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-2"/><path d="M6 9V3a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v6"/><rect x="6" y="14" width="12" height="8" rx="1"/>"##
            }
            Self::Copy => {
                r##"<rect width="14" height="14" x="8" y="8" rx="2" ry="2"/><path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2"/>"##
            }
            Self::Phones => {
                r##"<rect width="14" height="20" x="5" y="2" rx="2" ry="2"/><path d="M12 18h.01"/>"##
            }
            Self::Alert => {
                r##"<circle cx="12" cy="12" r="10"/><line x1="12" x2="12" y1="8" y2="12"/><line x1="12" x2="12.01" y1="16" y2="16"/>"##
            }
            Self::Warning => {
                r##"<path d="m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3"/><path d="M12 9v4"/><path d="M12 17h.01"/>"##
            }
            Self::Group => {
                r##"<path d="M18 21a8 8 0 0 0-16 0"/><circle cx="10" cy="8" r="5"/><path d="M22 20c0-3.37-2-6.5-4-8a5 5 0 0 0-.45-8.3"/>"##
            }
            Self::Broadcast => {
                r##"<path d="M4 10v4a1 1 0 0 0 1 1h3l9 5V4L8 9H5a1 1 0 0 0-1 1z"/><path d="M20.5 9.5a4 4 0 0 1 0 5"/><path d="M9 15.5V20"/>"##
            }
            Self::Lock => {
                r##"<circle cx="12" cy="16" r="1"/><rect x="3" y="10" width="18" height="12" rx="2"/><path d="M7 10V7a5 5 0 0 1 10 0v3"/>"##
            }
            Self::Again => {
                r##"<path d="M3 12a9 9 0 1 0 9-9 9.75 9.75 0 0 0-6.74 2.74L3 8"/><path d="M3 3v5h5"/>"##
            }
            Self::SwitchCamera => {
                r##"<path d="M11 19H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2h5"/><path d="M13 5h7a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2h-5"/><circle cx="12" cy="12" r="3"/><path d="m18 22-3-3 3-3"/><path d="m6 2 3 3-3 3"/>"##
            }
            Self::More => {
                r##"<circle cx="12" cy="12" r="1"/><circle cx="19" cy="12" r="1"/><circle cx="5" cy="12" r="1"/>"##
            }
            Self::Spinner => r##"<path d="M21 12a9 9 0 1 1-6.219-8.56"/>"##,
            Self::Done => r##"<circle cx="12" cy="12" r="10"/><path d="m16 9-5.5 5.5L8 12"/>"##,
            Self::Eye => {
                r##"<path d="M2.062 12.348a1 1 0 0 1 0-.696 10.75 10.75 0 0 1 19.876 0 1 1 0 0 1 0 .696 10.75 10.75 0 0 1-19.876 0"/><circle cx="12" cy="12" r="3"/>"##
            }
            Self::EyeOff => {
                r##"<path d="M10.733 5.076a10.744 10.744 0 0 1 11.205 6.575 1 1 0 0 1 0 .696 10.747 10.747 0 0 1-1.444 2.49"/><path d="M14.084 14.158a3 3 0 0 1-4.242-4.242"/><path d="M17.479 17.499a10.75 10.75 0 0 1-15.417-5.151 1 1 0 0 1 0-.696 10.75 10.75 0 0 1 4.446-5.143"/><path d="m2 2 20 20"/>"##
            }
            Self::PassOn => r##"<path d="m15 17 5-5-5-5"/><path d="M4 18v-2a4 4 0 0 1 4-4h12"/>"##,
            Self::Pin => {
                r##"<path d="M12 17v5"/><path d="M9 10.76a2 2 0 0 1-1.11 1.79l-1.78.9A2 2 0 0 0 5 15.24V16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-.76a2 2 0 0 0-1.11-1.79l-1.78-.9A2 2 0 0 1 15 10.76V7a1 1 0 0 1 1-1 2 2 0 0 0 0-4H8a2 2 0 0 0 0 4 1 1 0 0 1 1 1z"/>"##
            }
            Self::Poll => r##"<path d="M3 5h12"/><path d="M3 12h18"/><path d="M3 19h7"/>"##,
            Self::Contact => {
                r##"<rect width="20" height="16" x="2" y="4" rx="2"/><circle cx="8" cy="11" r="2"/><path d="M5 16c.6-1.5 1.700-2 3-2s2.400.5 3 2"/><path d="M14.500 10h4"/><path d="M14.500 14h4"/>"##
            }
            Self::Microphone => {
                r##"<path d="M12 19v3"/><path d="M19 10v2a7 7 0 0 1-14 0v-2"/><rect x="9" y="2" width="6" height="13" rx="3"/>"##
            }
            Self::Video => {
                r##"<path d="m16 13 5.223 3.482a.5.5 0 0 0 .777-.416V7.87a.5.5 0 0 0-.752-.432L16 10.500"/><rect x="2" y="6" width="14" height="12" rx="2"/>"##
            }
            Self::Play => {
                r##"<path d="M6 4.500v15a1 1 0 0 0 1.500.9l12-7.500a1 1 0 0 0 0-1.700l-12-7.500a1 1 0 0 0-1.500.8z"/>"##
            }
            Self::Pause => {
                r##"<rect x="14" y="4" width="4" height="16" rx="1"/><rect x="6" y="4" width="4" height="16" rx="1"/>"##
            }
            Self::Star => {
                r##"<path d="M11.500 2.800a.6.6 0 0 1 1 0l2.500 5.200a2 2 0 0 0 1.500 1.100l5.700.8a.6.6 0 0 1 .3 1l-4.100 4a2 2 0 0 0-.6 1.700l1 5.700a.6.6 0 0 1-.8.6l-5-2.700a2 2 0 0 0-1.900 0l-5.100 2.700a.6.6 0 0 1-.8-.6l1-5.700a2 2 0 0 0-.6-1.700l-4.100-4a.6.6 0 0 1 .3-1l5.700-.8A2 2 0 0 0 9 8z"/>"##
            }
            Self::Share => {
                r##"<path d="M12 2v13"/><path d="m16 6-4-4-4 4"/><path d="M4 12v8a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-8"/>"##
            }
            Self::AddToScreen => {
                r##"<rect width="18" height="18" x="3" y="3" rx="2"/><path d="M8 12h8"/><path d="M12 8v8"/>"##
            }
            Self::Bell => {
                r##"<path d="M10.268 21a2 2 0 0 0 3.464 0"/><path d="M3.262 15.326A1 1 0 0 0 4 17h16a1 1 0 0 0 .740-1.673C19.410 13.956 18 12.499 18 8A6 6 0 0 0 6 8c0 4.499-1.411 5.956-2.738 7.326"/>"##
            }
            Self::Muted => {
                r##"<path d="M10.268 21a2 2 0 0 0 3.464 0"/><path d="M17 17H4a1 1 0 0 1-.74-1.673C4.590 13.956 6 12.499 6 8a6 6 0 0 1 .258-1.742"/><path d="m2 2 20 20"/><path d="M8.668 3.010A6 6 0 0 1 18 8c0 2.687.77 4.653 1.707 6.050"/>"##
            }
            Self::Archive => {
                r##"<rect width="20" height="5" x="2" y="3" rx="1"/><path d="M4 8v11a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V8"/><path d="M10 12h4"/>"##
            }
            Self::Fingerprint => {
                r##"<path d="M12 10a2 2 0 0 0-2 2c0 1.02-.1 2.51-.26 4"/><path d="M14 13.12c0 2.38 0 6.38-1 8.88"/><path d="M17.29 21.02c.12-.6.43-2.3.5-3.02"/><path d="M2 12a10 10 0 0 1 18-6"/><path d="M2 16h.01"/><path d="M21.8 16c.2-2 .131-5.354 0-6"/><path d="M5 19.5C5.5 18 6 15 6 12a6 6 0 0 1 .34-2"/><path d="M8.65 22c.21-.66.45-1.32.57-2"/><path d="M9 6.8a6 6 0 0 1 9 5.2v2"/>"##
            }
            Self::Keyboard => {
                r##"<rect width="20" height="16" x="2" y="4" rx="2"/><path d="M6 8h.01"/><path d="M10 8h.01"/><path d="M14 8h.01"/><path d="M18 8h.01"/><path d="M8 12h.01"/><path d="M12 12h.01"/><path d="M16 12h.01"/><path d="M7 16h10"/>"##
            }
            Self::UserPlus => {
                r##"<path d="M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2"/><circle cx="9" cy="7" r="4"/><path d="M19 8v6"/><path d="M22 11h-6"/>"##
            }
            // Two ticks side by side, without the discs of what was read.
            Self::TickDelivered => {
                r##"<path d="m2 13 4.500 4.500L16 7.500"/><path d="m12.500 16.500 1 1L23 7.500"/>"##
            }
            Self::Blacken => {
                r##"<rect width="20" height="12" x="2" y="6" rx="2" fill="currentColor"/>"##
            }
            Self::Pixelate => {
                r##"<rect width="18" height="18" x="3" y="3" rx="2"/><path d="M3 9h18"/><path d="M3 15h18"/><path d="M9 3v18"/><path d="M15 3v18"/>"##
            }
            Self::Crop => {
                r##"<path d="M6 2v14a2 2 0 0 0 2 2h14"/><path d="M18 22V8a2 2 0 0 0-2-2H2"/>"##
            }
            Self::Turn => {
                r##"<path d="M21 12a9 9 0 1 1-9-9c2.52 0 4.93 1 6.74 2.74L21 8"/><path d="M21 3v5h-5"/>"##
            }
            Self::Arrow => r##"<path d="M13 5H19V11"/><path d="M19 5L5 19"/>"##,
            Self::Words => {
                r##"<path d="M12 4v16"/><path d="M4 7V5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v2"/><path d="M9 20h6"/>"##
            }
            Self::Undo => {
                r##"<path d="M9 14 4 9l5-5"/><path d="M4 9h10.5a5.5 5.5 0 0 1 5.5 5.5a5.5 5.5 0 0 1-5.5 5.5H11"/>"##
            }
            Self::TickSent => r##"<path d="m5 13 4.5 4.5L19 7.5"/>"##,
            // Two filled discs with the tick cut out: told apart from one tick by shape, not by colour.
            Self::TickRead => {
                r##"<path fill-rule="evenodd" d="M8 4a8 8 0 0 1 3.4.76 9.9 9.9 0 0 0 0 14.48A8 8 0 1 1 8 4Zm9.5 0a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm-1.2 11.6 5.3-5.6-1.3-1.2-4 4.2-1.9-1.9-1.25 1.3Z"/>"##
            }
        }
    }
}

/// Draws an icon. It says nothing to screen readers: the control or the text beside it does.
#[component]
pub fn Picture(icon: Icon, #[prop(into, optional)] class: &'static str) -> impl IntoView {
    let wide = matches!(icon, Icon::TickRead | Icon::TickDelivered);
    let view_box = if wide { "0 0 26 24" } else { "0 0 24 24" };
    view! { <svg class=format!("i {class}") viewBox=view_box aria-hidden="true" inner_html=icon.paths()></svg> }
}
