//! Whether Konsil first has to go to the home screen: on iPhones and iPads only an app that was opened from there keeps what it stores
//! and may tell of new messages.

/// Whether this is an iPhone or iPad, by what its browser says of itself. iPads call themselves Macs, but no Mac has a touch screen.
pub fn is_ios(user_agent: &str, touch_points: u32) -> bool {
    let says = |name| user_agent.contains(name);
    says("iPhone") || says("iPad") || says("iPod") || (says("Macintosh") && touch_points > 1)
}

/// Whether the guide to the home screen comes first. `standalone`: the app was opened from there already.
pub fn comes_first(user_agent: &str, touch_points: u32, standalone: bool) -> bool {
    is_ios(user_agent, touch_points) && !standalone
}

#[cfg(test)]
mod tests {
    use super::*;

    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1";
    const IPHONE_CHROME: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1";
    const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";
    const ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
    const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

    #[test]
    fn the_guide_comes_on_iphones_and_ipads_whatever_browser_they_have() {
        for (agent, touch_points) in [(IPHONE, 5), (IPHONE_CHROME, 5), (MAC, 5)] {
            assert!(comes_first(agent, touch_points, false), "{agent}");
            assert!(!comes_first(agent, touch_points, true), "opened from there: {agent}");
        }
    }

    #[test]
    fn no_other_device_is_held_up() {
        for (agent, touch_points) in [(MAC, 0), (ANDROID, 5), (WINDOWS, 0), (WINDOWS, 10)] {
            assert!(!comes_first(agent, touch_points, false), "{agent}");
        }
    }
}
