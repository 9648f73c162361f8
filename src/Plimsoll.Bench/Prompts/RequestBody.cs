using System;
using System.Buffers;

namespace Plimsoll.Bench.Prompts;

/// <summary>The JSON of one request, in a rented buffer that goes back once the request has ended.</summary>
public readonly struct RequestBody(byte[] buffer, int length, string? apiKey)
{
    public ReadOnlyMemory<byte> Json => buffer.AsMemory(0, length);

    /// <summary>The key of the request's level; null for the endpoint's own.</summary>
    public string? ApiKey => apiKey;

    /// <summary>Tokens that the prompt should have; 0 where the text is not ours.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Most tokens of the answer; 0 where it does not say.</summary>
    public int OutputTokens { get; init; }

    /// <summary>
    /// Share of the prompt that an earlier request of the run opened with, at most; -1 where not known.
    /// </summary>
    public double SharedShare { get; init; }

    public void Release() => ArrayPool<byte>.Shared.Return(buffer);
}
