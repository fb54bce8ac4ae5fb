//! Asking, voting, ending a poll (MSC3381, encrypted like every message).

use ruma::{
    UInt,
    events::poll::unstable_start::{
        NewUnstablePollStartEventContent, UnstablePollAnswer, UnstablePollAnswers,
        UnstablePollStartContentBlock, UnstablePollStartEventContent,
    },
};

use super::{
    ActionError, Chat, PollToSend,
    actions::event_id,
    responses::{self, What},
};
use crate::ids::MessageId;

impl Chat {
    /// Asks something. Returns as soon as it is queued.
    pub async fn ask(&self, poll: &PollToSend) -> Result<(), ActionError> {
        let content = start(poll).ok_or(ActionError::NotAllowed)?;
        self.inner.open.queue(content.into()).await
    }

    /// Chooses answers of a poll, instead of those chosen before; none takes the vote back.
    pub async fn vote(&self, poll: &MessageId, answers: Vec<String>) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let what = What::Vote { answers };
        responses::say(&open.core, open.room.room_id(), &event_id(poll)?, what).await;
        Ok(())
    }

    /// Ends a poll. `text` says so to clients that know no polls.
    pub async fn end_poll(&self, poll: &MessageId, text: &str) -> Result<(), ActionError> {
        let open = &self.inner.open;
        let what = What::EndOfPoll { text: text.to_owned() };
        responses::say(&open.core, open.room.room_id(), &event_id(poll)?, what).await;
        Ok(())
    }
}

/// `None` without a question, or with fewer than two answers or more than the twenty that a poll may have.
fn start(poll: &PollToSend) -> Option<UnstablePollStartEventContent> {
    let filled = |text: &&str| !text.is_empty();
    let question = Some(poll.question.trim()).filter(filled)?;
    let texts: Vec<&str> = poll.answers.iter().map(|it| it.trim()).filter(filled).collect();
    if texts.len() < 2 {
        return None;
    }
    let answers: Vec<UnstablePollAnswer> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| UnstablePollAnswer::new(format!("{}", at + 1), *text))
        .collect();
    let fallback = texts
        .iter()
        .enumerate()
        .fold(question.to_owned(), |all, (at, text)| format!("{all}\n{}. {text}", at + 1));
    let count = UInt::try_from(answers.len()).ok()?;
    let answers = UnstablePollAnswers::try_from(answers).ok()?;
    let mut block = UnstablePollStartContentBlock::new(question, answers);
    if poll.several {
        block.max_selections = count;
    }
    Some(NewUnstablePollStartEventContent::plain_text(fallback, block).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(question: &str, answers: &[&str], several: bool) -> PollToSend {
        let answers = answers.iter().map(|it| (*it).to_owned()).collect();
        PollToSend { question: question.into(), answers, several }
    }

    #[test]
    fn a_poll_has_a_question_and_at_least_two_answers() {
        assert!(start(&poll("Wer kann Samstag?", &["Ich", "Ich nicht"], false)).is_some());
        assert!(start(&poll("  ", &["Ich", "Ich nicht"], false)).is_none());
        assert!(start(&poll("Wer kann Samstag?", &["Ich", " "], false)).is_none());
        assert!(start(&poll("Wer kann Samstag?", &["x"; 21], false)).is_none());
    }

    #[test]
    fn clients_without_polls_see_question_and_answers_as_text() {
        let content = start(&poll("Wer kann Samstag?", &["Früh", "Spät"], true)).unwrap();
        let json = serde_json::to_value(&content).unwrap();
        assert_eq!(json["org.matrix.msc1767.text"], "Wer kann Samstag?\n1. Früh\n2. Spät");
        assert_eq!(json["org.matrix.msc3381.poll.start"]["max_selections"], 2);
    }
}
