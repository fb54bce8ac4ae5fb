//! Emoji to react with. All of them are in the font that is shipped, since hospital PCs often have none.

use leptos::prelude::*;

/// Offered first: enough for "seen", "done", "yes", "no", "thank you".
pub const QUICK_REACTIONS: [&str; 6] = ["👍", "✅", "👀", "❤️", "🙏", "😂"];

const ALL: [&str; 61] = [
    "👍", "👎", "✅", "❌", "❗", "❓", "⚠️", "⏳", "👀", "👌", "👏", "🙏", "💪", "🙌", "🤝", "❤️",
    "😀", "😂", "🙂", "😉", "😊", "😍", "🤔", "😮", "😢", "😅", "😔", "😡", "🙈", "😷", "🤒", "🤕",
    "🥱", "😴", "🎉", "🍀", "💯", "🔥", "☕", "💡", "💉", "💊", "🩺", "🩻", "🩹", "🏥", "🚑", "🧠",
    "🫀", "🫁", "🦴", "🧪", "🔬", "🌡️", "📞", "📷", "📋", "📌", "📎", "🔔", "⏰",
];

/// All emoji that can be chosen.
#[component]
pub fn EmojiGrid(on_choose: Callback<String>) -> impl IntoView {
    view! {
        <div class="emoji-grid" data-testid="emoji-grid">
            {ALL
                .into_iter()
                .map(|emoji| {
                    view! {
                        <button type="button" class="emoji" data-testid="emoji-choice" on:click=move |_| on_choose.run(emoji.into())>
                            {emoji}
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}
