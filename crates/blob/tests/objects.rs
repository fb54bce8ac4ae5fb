//! What is stored comes back, by the byte; what is not finished is not there.

use std::time::{Duration, Instant};

use blob::{Blobs, Error, ObjectName};
use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};

async fn blobs() -> (tempfile::TempDir, Blobs) {
    let directory = tempfile::tempdir().unwrap();
    let blobs = Blobs::open_directory(directory.path().join("media")).await.unwrap();
    (directory, blobs)
}

fn name(byte: u8) -> ObjectName {
    ObjectName::from_random([byte; 20])
}

/// Bytes that differ everywhere, so that a shifted piece is seen.
fn content(size_bytes: usize) -> Bytes {
    (0..size_bytes).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

async fn store(
    blobs: &Blobs,
    name: ObjectName,
    content: &Bytes,
    piece_bytes: usize,
) -> blob::Stored {
    let mut upload = blobs.create(name);
    let mut at = 0;
    while at < content.len() {
        let end = content.len().min(at + piece_bytes);
        upload.write(content.slice(at..end)).await.unwrap();
        at = end;
    }
    upload.finish().await.unwrap()
}

#[tokio::test]
async fn objects_of_any_size_come_back_unchanged() {
    let (_directory, blobs) = blobs().await;
    for (number, size) in
        [0, 1, 1000, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_001].into_iter().enumerate()
    {
        let content = content(size);
        let stored = store(&blobs, name(number as u8), &content, 60_000).await;
        assert_eq!(stored.size_bytes, size as u64);
        assert_eq!(stored.sha256[..], Sha256::digest(&content)[..]);
        assert_eq!(blobs.size_bytes(&stored.name).await.unwrap(), size as u64);
        let download = blobs.read(&stored.name, 0..u64::MAX).await.unwrap();
        assert_eq!((download.size_bytes(), download.length()), (size as u64, size as u64));
        assert!(download.into_bytes().await.unwrap() == content, "{size} bytes came back changed");
    }
}

#[tokio::test]
async fn a_range_is_read_exactly() {
    let (_directory, blobs) = blobs().await;
    let content = content(700_000);
    let stored = store(&blobs, name(1), &content, 100_000).await;
    for range in [
        0..1,
        5..5,
        5..300_000,
        262_143..262_145,
        699_999..700_000,
        699_990..800_000,
        700_000..700_001,
    ] {
        let download =
            blobs.read(&stored.name, range.start as u64..range.end as u64).await.unwrap();
        let expected = &content[range.start..range.end.min(content.len())];
        assert_eq!(download.length(), expected.len() as u64);
        assert!(download.into_bytes().await.unwrap() == expected, "{range:?}");
    }
}

#[tokio::test]
async fn a_download_comes_in_pieces_of_bounded_size() {
    let (_directory, blobs) = blobs().await;
    let stored = store(&blobs, name(1), &content(2_000_000), 2_000_000).await;
    let mut download = blobs.read(&stored.name, 0..u64::MAX).await.unwrap();
    while let Some(piece) = download.next().await {
        assert!(piece.unwrap().len() <= 256 * 1024);
    }
}

#[tokio::test]
async fn an_object_that_loses_bytes_while_it_is_read_does_not_simply_end() {
    let (directory, blobs) = blobs().await;
    let stored = store(&blobs, name(6), &content(700_000), 100_000).await;
    let download = blobs.read(&stored.name, 0..u64::MAX).await.unwrap();
    let path = directory.path().join("media/06").join(stored.name.as_str());
    std::fs::File::options().write(true).open(path).unwrap().set_len(300_000).unwrap();
    let error = download.into_bytes().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn an_object_that_lies_in_memory_in_part_comes_back_whole() {
    let (directory, blobs) = blobs().await;
    let content = content(3_000_001);
    let stored = store(&blobs, name(7), &content, 100_000).await;
    let path = directory.path().join("media/07").join(stored.name.as_str());
    let file = std::fs::File::open(path).unwrap();
    // From the middle of a piece to the middle of another, from the second piece on, and all of it; of these the whole pages.
    for (from, bytes) in [(400_000, 600_000), (262_144, 1_000_000), (0, 0)] {
        let bytes = std::num::NonZeroU64::new(bytes);
        rustix::fs::fadvise(&file, from, bytes, rustix::fs::Advice::DontNeed).unwrap();
        let download = blobs.read(&stored.name, 0..u64::MAX).await.unwrap();
        assert!(download.into_bytes().await.unwrap() == content, "without {bytes:?} from {from}");
    }
}

#[tokio::test]
async fn an_unfinished_upload_leaves_nothing() {
    let (_directory, blobs) = blobs().await;
    for written in [0, 10, 1_000_000] {
        let mut upload = blobs.create(name(9));
        upload.write(content(written)).await.unwrap();
        drop(upload);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !blobs.list(9).await.unwrap().is_empty() {
            assert!(
                Instant::now() < deadline,
                "{written} bytes of an unfinished upload are still there"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(matches!(blobs.read(&name(9), 0..1).await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn a_name_is_used_once() {
    let (_directory, blobs) = blobs().await;
    store(&blobs, name(1), &content(10), 10).await;
    let mut second = blobs.create(name(1));
    second.write(content(20)).await.unwrap();
    assert!(matches!(second.finish().await, Err(Error::Storage(_))));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let first = blobs.read(&name(1), 0..10).await.unwrap().into_bytes().await.unwrap();
    assert_eq!(first, content(10), "the second one neither changes nor deletes the first");
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_can_be_deleted_again() {
    let (_directory, blobs) = blobs().await;
    let stored = store(&blobs, name(3), &content(10), 10).await;
    assert_eq!(blobs.list(3).await.unwrap()[0].name, stored.name);
    blobs.delete(&stored.name).await.unwrap();
    assert!(matches!(blobs.size_bytes(&stored.name).await, Err(Error::NotFound)));
    assert!(blobs.list(3).await.unwrap().is_empty());
    blobs.delete(&stored.name).await.unwrap();
}

#[tokio::test]
async fn objects_survive_reopening_and_strange_files_are_left_alone() {
    let (directory, blobs) = blobs().await;
    let stored = store(&blobs, name(4), &content(100), 100).await;
    let strange = directory.path().join("media/04/README");
    std::fs::write(&strange, "not ours").unwrap();
    let again = Blobs::open_directory(directory.path().join("media")).await.unwrap();
    assert_eq!(again.list(4).await.unwrap().len(), 1);
    assert_eq!(
        again.read(&stored.name, 0..100).await.unwrap().into_bytes().await.unwrap(),
        content(100)
    );
    assert!(strange.exists());
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_the_server_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, blobs) = blobs().await;
    let stored = store(&blobs, name(5), &content(10), 10).await;
    let root = directory.path().join("media");
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o077;
    assert_eq!(mode(&root), 0);
    assert_eq!(mode(&root.join("05")), 0);
    assert_eq!(mode(&root.join("05").join(stored.name.as_str())), 0);
}

#[tokio::test]
async fn an_object_in_parts_goes_on_where_it_was_kept_and_what_lies_behind_is_cut_off() {
    let (_directory, blobs) = blobs().await;
    let content = content(900_000);
    let object = name(9);
    blobs.create_empty(&object).await.unwrap();
    let mut part = blobs.append(&object, 0).await.unwrap();
    part.write(content.slice(..400_000)).await.unwrap();
    assert_eq!(part.keep().await.unwrap(), 400_000);
    // Written and never kept: whoever goes on does not see it.
    let mut lost = blobs.append(&object, 400_000).await.unwrap();
    lost.write(Bytes::from(vec![0xff; 300_000])).await.unwrap();
    drop(lost);
    let mut rest = blobs.append(&object, 400_000).await.unwrap();
    rest.write(content.slice(400_000..)).await.unwrap();
    assert_eq!(rest.keep().await.unwrap(), 900_000);
    assert_eq!(blobs.sha256(&object).await.unwrap()[..], Sha256::digest(&content)[..]);
    let whole = blobs.read(&object, 0..u64::MAX).await.unwrap().into_bytes().await.unwrap();
    assert!(whole == content);
    // Nobody makes up what the disk has lost.
    assert!(matches!(blobs.append(&object, 900_001).await, Err(Error::Storage(_))));
    assert!(matches!(blobs.append(&name(10), 0).await, Err(Error::NotFound)));
}

#[cfg(unix)]
#[tokio::test]
async fn a_copy_is_an_object_of_its_own_without_the_bytes_being_written_again() {
    use std::os::unix::fs::MetadataExt;
    let (directory, blobs) = blobs().await;
    let content = content(700_000);
    let stored = store(&blobs, name(11), &content, 100_000).await;
    let path =
        |byte: u8| directory.path().join(format!("media/{byte:02x}")).join(name(byte).as_str());
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(90 * 24 * 60 * 60);
    let file = std::fs::File::options().write(true).open(path(11)).unwrap();
    file.set_modified(long_ago).unwrap();
    blobs.copy(&stored.name, &name(12)).await.unwrap();
    let inode = |byte: u8| std::fs::metadata(path(byte)).unwrap().ino();
    assert_eq!(inode(11), inode(12), "they share their place");
    // What has no row yet is left alone for a day.
    let age = blobs.list(12).await.unwrap()[0].modified.elapsed().unwrap_or_default();
    assert!(age < Duration::from_secs(60 * 60), "{age:?}");
    blobs.delete(&stored.name).await.unwrap();
    assert_eq!(blobs.sha256(&name(12)).await.unwrap(), stored.sha256, "the other one is whole");
    assert!(matches!(blobs.copy(&stored.name, &name(13)).await, Err(Error::NotFound)));
    store(&blobs, name(13), &content, 100_000).await;
    assert!(matches!(blobs.copy(&name(12), &name(13)).await, Err(Error::Storage(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn where_bytes_cannot_have_two_names_a_copy_is_written() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let (directory, blobs) = blobs().await;
    let content = content(3_000_001);
    let stored = store(&blobs, name(14), &content, 100_000).await;
    // The shard of the copy lies on another file system.
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    let shard = directory.path().join("media/0f");
    let file_system = |path: &std::path::Path| std::fs::metadata(path).unwrap().dev();
    if file_system(elsewhere.path()) == file_system(&shard) {
        return;
    }
    std::fs::remove_dir(&shard).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &shard).unwrap();
    blobs.copy(&stored.name, &name(15)).await.unwrap();
    blobs.delete(&stored.name).await.unwrap();
    assert_eq!(blobs.sha256(&name(15)).await.unwrap(), stored.sha256);
    let copy = std::fs::metadata(shard.join(name(15).as_str())).unwrap();
    assert_eq!((copy.nlink(), copy.permissions().mode() & 0o077), (1, 0));
}
