//! Encrypting and decrypting attachments piece by piece, by the SDK's means.

use std::{
    io::{self, Read},
    mem,
    sync::{Arc, Mutex},
};

/// What an encryptor or decryptor reads from: it finds there the piece that was laid there, and the end if none was.
#[derive(Clone, Default)]
pub(super) struct Feed(Arc<Mutex<Vec<u8>>>);

impl Feed {
    /// Lays down a piece to be read whole.
    pub fn lay(&self, piece: Vec<u8>) {
        *self.0.lock().expect("no panic while held") = piece;
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut piece = self.0.lock().expect("no panic while held");
        if piece.len() <= buffer.len() {
            let piece = mem::take(&mut *piece);
            buffer[..piece.len()].copy_from_slice(&piece);
            return Ok(piece.len());
        }
        let rest = piece.split_off(buffer.len());
        buffer.copy_from_slice(&piece);
        *piece = rest;
        Ok(buffer.len())
    }
}

/// Has a piece pass through what reads from the feed.
pub(super) fn pass(feed: &Feed, through: &mut impl Read, piece: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut passed = vec![0; piece.len()];
    feed.lay(piece);
    through.read_exact(&mut passed)?;
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use matrix_sdk_base::crypto::{AttachmentDecryptor, AttachmentEncryptor};

    use super::*;

    fn sealed(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, matrix_sdk_base::crypto::MediaEncryptionInfo) {
        let feed = Feed::default();
        let mut reader = feed.clone();
        let mut encryptor = AttachmentEncryptor::new(&mut reader);
        let sealed = pieces
            .iter()
            .map(|piece| pass(&feed, &mut encryptor, piece.to_vec()).expect("it is encrypted"))
            .collect();
        (sealed, encryptor.finish())
    }

    fn opened(
        pieces: &[Vec<u8>],
        keys: matrix_sdk_base::crypto::MediaEncryptionInfo,
    ) -> (Vec<u8>, bool) {
        let feed = Feed::default();
        let mut reader = feed.clone();
        let mut decryptor = AttachmentDecryptor::new(&mut reader, keys).expect("keys");
        let clear = pieces
            .iter()
            .flat_map(|piece| pass(&feed, &mut decryptor, piece.clone()).expect("it is decrypted"))
            .collect();
        (clear, decryptor.read(&mut [0]).is_ok())
    }

    #[test]
    fn pieces_are_one_attachment_that_opens_whole_and_in_other_pieces() {
        let (pieces, keys) = sealed(&[b"Befund ", b"", b"der Station 3"]);
        assert_ne!(pieces.concat(), b"Befund der Station 3");
        let whole = pieces.concat();
        let others = [whole[..3].to_vec(), whole[3..].to_vec()];
        assert_eq!(opened(&others, keys), (b"Befund der Station 3".to_vec(), true));
    }

    #[test]
    fn what_was_altered_or_cut_off_is_not_whole() {
        let (mut pieces, keys) = sealed(&[b"Befund", b"Ende"]);
        pieces[0][0] ^= 1;
        assert!(!opened(&pieces, keys).1);
        let (pieces, keys) = sealed(&[b"Befund", b"Ende"]);
        assert!(!opened(&pieces[..1], keys).1);
    }
}
