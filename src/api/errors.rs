//! From what can go wrong to the error codes that answers carry: one exhaustive `match` per operation, so that a new failure cannot
//! reach a client as UNKNOWN_SERVER_ERROR unnoticed.
