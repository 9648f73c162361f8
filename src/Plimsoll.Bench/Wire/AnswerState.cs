using System;
using System.Text.Json;

namespace Plimsoll.Bench.Wire;

/// <summary>An answer as its events come: where it stands, and what is missing at its end.</summary>
struct AnswerState
{
    bool _ended;
    FinishReason _finish;

    /// <summary>Whether the end mark has come; what follows it says nothing.</summary>
    public readonly bool IsOver => _ended;

    /// <summary>Takes one event of a stream that was read at a time.</summary>
    public void Take(ReadOnlySpan<byte> data, long now, RequestRecord record)
    {
        if (_ended || record.Failure != FailureKind.None)
            return;
        if (data.SequenceEqual("[DONE]"u8))
        {
            _ended = true;
            return;
        }
        if (!TryParse(data, record, out var chunk))
            return;
        if (chunk.Error is { } error)
        {
            record.Failure = FailureKind.ErrorEvent;
            record.Message = ErrorText.OneLine(error);
            return;
        }
        // Half a character is a token without text: only an endpoint that counts as it goes shows it.
        var counted = record.HasUsage && chunk.OutputTokens > record.OutputTokens;
        // The responses API repeats the whole answer in its last event.
        if (!chunk.IsLast && (chunk.HasText || counted))
            record.Arrived(now, chunk.OutputTokens);
        Note(chunk, record);
    }

    /// <summary>Takes an answer that came in one piece.</summary>
    public void TakeWhole(ReadOnlySpan<byte> json, long now, RequestRecord record)
    {
        if (!TryParse(json, record, out var chunk))
            return;
        if (chunk.Error is { } error)
        {
            record.Failure = FailureKind.ErrorEvent;
            record.Message = ErrorText.OneLine(error);
            return;
        }
        if (chunk.HasText)
            record.Arrived(now, chunk.OutputTokens);
        Note(chunk, record);
        _ended = true;
    }

    /// <summary>At the end: whether the answer is whole.</summary>
    public readonly void End(RequestRecord record)
    {
        if (record.Failure != FailureKind.None)
            return;
        if (!_ended && _finish == FinishReason.None)
        {
            record.Failure = FailureKind.Truncated;
            record.Message = "the stream ended without a reason and without an end mark";
        }
        else if (record.Chunks == 0)
        {
            record.Failure = FailureKind.Empty;
            record.Message = "an answer of no tokens";
        }
    }

    void Note(in AnswerChunk chunk, RequestRecord record)
    {
        if (chunk.Finish != FinishReason.None)
            _finish = chunk.Finish;
        _ended |= chunk.IsLast;
        if (chunk.HasImpossibleCount)
            record.Usage = UsageFault.Impossible;
        if (chunk.PromptTokens >= 0)
            record.PromptTokens = chunk.PromptTokens;
        if (chunk.CachedTokens >= 0)
            (record.CachedTokens, record.SaysCached) = (chunk.CachedTokens, true);
        if (chunk.OutputTokens < 0)
            return;
        if (record.HasUsage && chunk.OutputTokens < record.OutputTokens && record.Usage == UsageFault.None)
            record.Usage = UsageFault.Falling;
        record.OutputTokens = chunk.OutputTokens;
        record.HasUsage = true;
    }

    static bool TryParse(ReadOnlySpan<byte> data, RequestRecord record, out AnswerChunk chunk)
    {
        try
        {
            chunk = ChunkParser.Parse(data);
            return true;
        }
        catch (JsonException)
        {
            chunk = new AnswerChunk();
            record.Failure = FailureKind.Malformed;
            record.Message = $"an event that is no JSON of a chunk: {ErrorText.Of(data)}";
            return false;
        }
    }
}
