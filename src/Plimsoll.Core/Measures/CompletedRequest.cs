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

    /// <summary>False when nothing was computed: it was too long for the engine, or rejected.</summary>
    public required bool Served { get; init; }

    /// <summary>Turned away on arrival, because its promise could not have been kept.</summary>
    public bool Rejected { get; init; }

    /// <summary>Taken in as batch work for the same reason: nobody keeps its promise.</summary>
    public bool Relegated { get; init; }
}

/// <summary>Receives each request when it is done, in order of completion.</summary>
public delegate void CompletedRequestHandler(in CompletedRequest request);
