//! Reads: typed, ordered, and from one snapshot.

use bytes::Bytes;
use db::{Batch, Error, Pos, ReadSet, TENANT_POS, Value, params};

use crate::place::*;

crate::on_both!(
    every_value_comes_back_as_it_was_written,
    a_read_set_is_one_snapshot,
    text_is_ordered_by_its_bytes,
    a_wrong_read_is_refused_and_the_next_one_works,
    placeholders_may_stand_in_any_order,
    booleans_and_counts_are_integers,
);

async fn every_value_comes_back_as_it_was_written(place: Place) {
    let db = place.open().await;
    db.commit(ward(1)).await.unwrap();
    let texts = ["", "ä€😀", "'; DROP TABLE notes; --", "tab\tline\n"];
    let pictures: [&[u8]; 4] = [&[], &[0], &[0, 255, 0], b"\\x00"];
    let numbers = [i64::MIN, i64::MAX, 0, -1];
    let mut batch = Batch::new();
    for index in 0..4 {
        let (text, picture) = (texts[index], Bytes::from_static(pictures[index]));
        batch.insert(&INSERT_NOTE, params![index, 1, numbers[index], text, picture]);
    }
    batch.insert(&INSERT_NOTE, params![4, 1, None::<i64>, None::<String>, None::<Bytes>]);
    db.commit(batch).await.unwrap();
    let rows = db.query(&NOTES, params![]).await.unwrap();
    for index in 0..4 {
        assert_eq!(rows[index].get::<i64>(2).unwrap(), numbers[index]);
        assert_eq!(rows[index].get::<&str>(3).unwrap(), texts[index]);
        assert_eq!(rows[index].get::<Bytes>(4).unwrap(), pictures[index]);
    }
    assert_eq!(rows[4].columns()[2..], [Value::Null, Value::Null, Value::Null]);
}

db::stmt!(BEDS_OF, "SELECT beds FROM wards WHERE nid = $1");

async fn a_read_set_is_one_snapshot(place: Place) {
    let db = place.open().await;
    let mut batch = ward(1);
    batch.insert(&INSERT_WARD, params![2, 0, 0, "Ward 2"]);
    db.commit(batch).await.unwrap();
    let writer = tokio::spawn({
        let db = db.clone();
        async move {
            for _ in 0..300 {
                let mut batch = Batch::new();
                batch.change(CHANGE);
                batch.exec(&ADD_BEDS, params![1, 1]);
                batch.exec(&ADD_BEDS, params![2, 1]);
                db.commit(batch).await.unwrap();
            }
        }
    });
    let mut seen = 0;
    while !writer.is_finished() {
        let set = ReadSet::new()
            .get(&BEDS_OF, params![1])
            .get(&BEDS_OF, params![2])
            .get(&TENANT_POS, params![]);
        let rows = db.read(set).await.unwrap();
        let [one, two, pos] = [0, 1, 2].map(|index| rows[index][0].get::<u64>(0).unwrap());
        assert_eq!((one, one), (two, pos), "two statements saw different moments");
        assert!(one >= seen, "a later read saw an earlier moment");
        seen = one;
    }
    writer.await.unwrap();
    assert_eq!(db.pos(), Pos::new(300));
}

async fn text_is_ordered_by_its_bytes(place: Place) {
    let db = place.open().await;
    let mut batch = Batch::new();
    for text in ["b", "a", "B", "ä", "Z", "_", "aa"] {
        batch.insert(&INSERT_PAIR, params![1, text]);
    }
    db.commit(batch).await.unwrap();
    let rows = db.query(&PAIRS, params![]).await.unwrap();
    let texts: Vec<&str> = rows.iter().map(|row| row.get(1).unwrap()).collect();
    assert_eq!(texts, ["B", "Z", "_", "a", "aa", "b", "ä"]);
}

db::stmt!(NO_SUCH_COLUMN, "SELECT shoes FROM wards");

async fn a_wrong_read_is_refused_and_the_next_one_works(place: Place) {
    let db = place.open().await;
    for _ in 0..20 {
        let set = ReadSet::new().get(&WARDS, params![]).get(&NO_SUCH_COLUMN, params![]);
        assert!(matches!(
            db.read(set).await,
            Err(Error::Invalid { statement: "NO_SUCH_COLUMN", .. })
        ));
        let missing = db.query(&BEDS_OF, params![]).await;
        assert!(
            matches!(missing, Err(Error::Invalid { statement: "BEDS_OF", .. })),
            "a parameter is missing"
        );
        let nul = db.query(&BEDS_OF, params!["\0"]).await;
        assert!(matches!(nul, Err(Error::BadValue { statement: "BEDS_OF", .. })));
        assert!(db.query(&WARDS, params![]).await.unwrap().is_empty());
    }
}

db::stmt!(SWAPPED, "SELECT nid FROM wards WHERE beds = $2 AND nid = $1");

async fn placeholders_may_stand_in_any_order(place: Place) {
    let db = place.open().await;
    let mut batch = ward(3);
    batch.exec(&SET_BEDS, params![3, 4]);
    db.commit(batch).await.unwrap();
    assert_eq!(db.query(&SWAPPED, params![3, 4]).await.unwrap().len(), 1);
    assert_eq!(db.query(&SWAPPED, params![4, 3]).await.unwrap().len(), 0);
}

db::stmt!(
    ABOUT,
    "SELECT count(*), EXISTS (SELECT 1 FROM wards), nid IS NULL, 1 FROM (SELECT NULL AS nid) AS empty GROUP BY nid"
);

async fn booleans_and_counts_are_integers(place: Place) {
    let db = place.open().await;
    let row = db.query_opt(&ABOUT, params![]).await.unwrap().unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 1);
    assert!(!row.get::<bool>(1).unwrap());
    assert!(row.get::<bool>(2).unwrap());
    assert_eq!(row.get::<i64>(3).unwrap(), 1);
}
