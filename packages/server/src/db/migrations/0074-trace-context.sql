-- Where a message stands in the trace of who sent it, written only while traces are on: headers as JSON.
alter table message add column trace_context text;
