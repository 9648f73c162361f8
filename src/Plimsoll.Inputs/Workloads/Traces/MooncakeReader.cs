using System.Collections.Generic;
using System.Text.Json;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Mooncake's JSON lines, milliseconds and hashes of 512-token blocks, with Dynamo's other names for the
/// same fields and its sessions: a later request of a session has a delay in place of a time, and then the
/// trace is a closed loop. (kvcache-ai/Mooncake, FAST25-release; ai-dynamo/dynamo, trace replay.)
/// </summary>
sealed class MooncakeReader : JsonTraceReader
{
    const long MsNs = 1_000_000;

    readonly int _blockTokens;
    readonly Dictionary<int, long> _lastAtNs = [];

    public MooncakeReader(TraceSource source, int blockTokens)
        : base(source, TraceFormat.Mooncake)
    {
        _blockTokens = blockTokens;
    }

    protected override void ParseObject(ref Utf8JsonReader json, ref TraceRow row, ref string? dropped)
    {
        int prompt = -1, output = -1, blocks = 0;
        long delayNs = -1;
        while (Property(ref json))
        {
            if (Is(ref json, "timestamp"u8) || Is(ref json, "created_time"u8))
                row.AtNs = IsNull(ref json) ? row.AtNs : Time(ref json, MsNs, "timestamp");
            else if (Is(ref json, "input_length"u8) || Is(ref json, "input_tokens"u8))
                prompt = Tokens(ref json, "input_length");
            else if (Is(ref json, "output_length"u8) || Is(ref json, "output_tokens"u8))
                output = Tokens(ref json, "output_length");
            else if (Is(ref json, "hash_ids"u8))
                blocks = Hashes(ref json, "hash_ids");
            else if (Is(ref json, "session_id"u8))
                row.Session = IsNull(ref json) ? -1 : Session(ref json, "session_id");
            else if (Is(ref json, "delay"u8) || Is(ref json, "delay_ms"u8))
                delayNs = IsNull(ref json) ? -1 : Time(ref json, MsNs, "delay");
            else
                Pass(ref json);
        }
        if (prompt < 0 || output < 0)
            Source.Fail("has no input_length or no output_length; expected both");
        row.PromptTokens = prompt;
        row.OutputTokens = output;
        Place(ref row, delayNs);
        if (blocks == 0)
            return;
        row.PrefixKeys = Keys(blocks, _blockTokens, prompt);
    }

    /// <summary>
    /// A session's later request is placed its delay after the one before, at the earliest.
    /// </summary>
    void Place(ref TraceRow row, long delayNs)
    {
        if (row.Session < 0)
        {
            if (!row.HasTime)
                Source.Fail("has no timestamp; expected milliseconds");
            return;
        }
        if (_lastAtNs.TryGetValue(row.Session, out var lastAtNs) && delayNs >= 0)
        {
            ClosedLoop = true;
            row.ThinkNs = delayNs;
            row.AtNs = row.HasTime ? row.AtNs : lastAtNs + delayNs;
        }
        if (!row.HasTime)
            Source.Fail("has neither a timestamp nor a delay after its session's last request; expected one");
        _lastAtNs[row.Session] = row.AtNs;
    }
}
