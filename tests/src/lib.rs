//! Only the home of the test binaries beside it: `api`, `acceptance`, `crash`, `storage`. See `README.md`.
