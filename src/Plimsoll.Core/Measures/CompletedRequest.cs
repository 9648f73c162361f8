namespace Plimsoll.Core.Measures;

/// <summary>What became of one simulated request. Times are nanoseconds from the start of the run.</summary>
public readonly record struct CompletedRequest
{
    /// <summary>Order of arrival, from 0.</summary>
    public required long Index { get; init; }

    /// <summary>Replica that gave the last token.</summary>
    public required int Replica { get; init; }

    /// <summary>Place of its level in the table of levels.</summary>
    public int Level { get; init; }

    public required int PromptTokens { get; init; }

    /// <summary>
    /// Prompt tokens that the prefix cache gave when the request was first admitted; at most the prompt.
    /// </summary>
    public int CachedTokens { get; init; }

    public required int OutputTokens { get; init; }

    public required long ArrivalNs { get; init; }

    public required long FirstTokenNs { get; init; }

    public required long LastTokenNs { get; init; }

    /// <summary>Its gaps that exceeded the ITL limits of its level; null where not counted.</summary>
    public LateGaps? LateGaps { get; init; }

    /// <summary>False when the request was too long for the engine and nothing was computed.</summary>
    public required bool Served { get; init; }
}

/// <summary>Receives each request when it is done, in order of completion.</summary>
public delegate void CompletedRequestHandler(in CompletedRequest request);
