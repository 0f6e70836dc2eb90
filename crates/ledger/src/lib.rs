//! The engine: commands become durable records, records become answers
