using System;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;

namespace Plimsoll.Server.Gateway;

/// <summary>Counts an upstream's events as they pass: a chunk is a token until a usage says better.</summary>
public sealed class StreamCounter(
    ModelMetrics metrics, UpstreamMeter meter, RequestEntry entry, TimeProvider time, long began,
    TwinTicket twin, bool isCharged = true)
{
    long _last;
    int _chunks;
    bool _hasUsage;

    /// <summary>Whether the stream has said that it is over.</summary>
    public bool IsDone { get; private set; }

    public void Add(ReadOnlySpan<byte> sse)
    {
        if (sse.IndexOf("data: [DONE]"u8) >= 0)
        {
            IsDone = true;
            return;
        }
        var isCut = sse.StartsWith("event: response.incomplete"u8);
        IsDone |= isCut || sse.StartsWith("event: response.completed"u8);
        entry.IsCut |= isCut;
        var now = time.GetTimestamp();
        if (sse.IndexOf("\"usage\":{"u8) >= 0 || sse.IndexOf("\"usage\": {"u8) >= 0)
        {
            var start = sse.IndexOf((byte)'{');
            if (start >= 0 && UsageReader.TryRead(sse[start..], out var usage, out _))
            {
                (entry.PromptTokens, entry.CachedTokens, entry.OutputTokens) = usage;
                _hasUsage = true;
            }
        }
        if (sse.StartsWith("event: response."u8) && !IsDelta(sse))
            return;
        if (sse.IndexOf("\"choices\":[]"u8) >= 0 || sse.IndexOf("\"role\":\"assistant\""u8) >= 0)
            return;
        _chunks++;
        twin.Hear(last: Ends(sse));
        if (!isCharged)
            return;
        if (_chunks == 1)
        {
            entry.TtftNs = time.GetElapsedTime(began, now).Ticks * 100;
            metrics.AddFirstToken(entry.Level, entry.TtftNs.Value / 1e9);
        }
        else
        {
            var gap = time.GetElapsedTime(_last, now).Ticks * 100;
            entry.WorstItlNs = Math.Max(entry.WorstItlNs ?? 0, gap);
            metrics.AddGap(entry.Level, gap / 1e9);
        }
        _last = now;
        meter.AddOutput(entry, 1);
        metrics.AddGenerated(1);
    }

    /// <summary>Whether an event of Responses brings a piece of text, of reasoning or of a call.</summary>
    static bool IsDelta(ReadOnlySpan<byte> sse) =>
        sse[..sse.IndexOf((byte)'\n')].TrimEnd((byte)'\r').EndsWith(".delta"u8);

    /// <summary>Whether an event gives a reason for the answer's end.</summary>
    bool Ends(ReadOnlySpan<byte> sse)
    {
        var at = sse.IndexOf("\"finish_reason\":"u8);
        if (at < 0)
            return false;
        var reason = sse[(at + "\"finish_reason\":"u8.Length)..].TrimStart((byte)' ');
        if (reason.IsEmpty || reason[0] != '"')
            return false;
        entry.IsCut |= reason.StartsWith("\"length\""u8);
        return true;
    }

    /// <summary>The stream is over, one way or the other.</summary>
    public void Settle()
    {
        if (!isCharged)
            return;
        entry.E2eNs = time.GetElapsedTime(began).Ticks * 100;
        metrics.EndToEnd.Add(entry.E2eNs.Value / 1e9);
        if (!_hasUsage)
            entry.OutputTokens = _chunks;
        if (entry.TtftNs is { } first && entry.OutputTokens > 1)
            metrics.TimePerOutputToken.Add((entry.E2eNs.Value - first) / 1e9 / (entry.OutputTokens - 1));
        meter.AddPrompt(entry, entry.PromptTokens - entry.CachedTokens);
        metrics.AddPrompt(entry.PromptTokens);
    }
}
