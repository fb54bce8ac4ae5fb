//! Sliding sync keeps its connections in memory alone: after a restart clients begin anew (`M_UNKNOWN_POS`), and nothing is
//! kept of who looked at what (II.c). This chapter has no tables.

use crate::Chapter;

/// The tables of this chapter: none.
pub const CHAPTER: Chapter = Chapter { schema: &[], columns: &[] };
