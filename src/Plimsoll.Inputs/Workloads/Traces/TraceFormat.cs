namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>The trace formats that are read natively.</summary>
public enum TraceFormat
{
    /// <summary>
    /// JSON lines: timestamp (ms), input_length, output_length, hash_ids of 512-token blocks.
    /// </summary>
    Mooncake,

    /// <summary>CSV: TIMESTAMP, ContextTokens, GeneratedTokens.</summary>
    Azure,

    /// <summary>CSV: Timestamp (s), Model, Request tokens, Response tokens, …</summary>
    BurstGpt,

    /// <summary>JSON agent sessions: id, models, block_size, requests; closed loop.</summary>
    Weka,

    /// <summary>JSON lines: chat_id, parent_chat_id, timestamp (s), hash_ids of 16-token blocks.</summary>
    Bailian,

    /// <summary>JSON lines: custom_id, method, url, body; all present at once.</summary>
    OpenAiBatch,

    /// <summary>JSON lines of a vLLM run: input_toks, output_toks, arrival_time (s).</summary>
    VllmRequests,

    /// <summary>CSV: num_prefill_tokens, num_decode_tokens, and arrived_at (s) where there is one.</summary>
    Lengths,

    /// <summary>Any CSV or JSON-lines log, its fields named by a column map.</summary>
    Mapped,
}
