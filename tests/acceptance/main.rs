//! The requirements catalogue, row by row: each module of tests is named after the ID of its row, and
//! `rows.toml` says what it shows.

mod app;
mod bundle;
mod picture;

mod i_a_privacy_notice;
mod i_b_app_lock;
mod i_b_biometrics;
mod i_b_several_people;
mod i_b_without_the_server;
mod i_c_own_contacts;
mod i_d_contact_import;
mod i_k_crash_reports;
mod i_k_one_origin;
mod i_n_documents;
mod i_n_redaction;
mod i_q_updates;
mod ii_a_clear_messages_are_refused;
mod ii_a_no_plaintext_on_server_or_device;
mod ii_b_gaps;
mod ii_b_signed_export;
mod ii_b_the_chain_of_events_shows_every_change;
mod ii_c_no_connection_data_is_kept;
mod iv_a_closed_to_the_public;
mod iv_b_invitation;
mod j_10_engines;
mod j_10_every_screen;
mod j_10_languages_and_sizes;
mod j_1_broadcast_lists;
mod j_1_clinicians_chat;
mod j_1_documents;
mod j_1_large_files;
mod j_1_long_texts;
mod j_1_media;
mod j_1_messages;
mod j_1_second_device;
mod j_9_push;
mod l_6_for_everyone;
mod l_6_zoom_and_tree;
mod m_2_urgent;
mod m_4_documents;
mod m_4_redaction_report;
mod m_4_videos;
mod m_6_right_person;
mod m_7_offline_start;
