namespace Plimsoll.Core.Measures;

/// <summary>What became of one simulated request. Times are nanoseconds from the start of the run.</summary>
public readonly record struct CompletedRequest
{
    /// <summary>Order of arrival, from 0.</summary>
    public required long Index { get; init; }

    /// <summary>Replica that gave the last token.</summary>
    public required int Replica { get; init; }

    public required int PromptTokens { get; init; }

    public required int OutputTokens { get; init; }

    public required long ArrivalNs { get; init; }

    public required long FirstTokenNs { get; init; }

    public required long LastTokenNs { get; init; }

    /// <summary>False when the request was too long for the engine and nothing was computed.</summary>
    public required bool Served { get; init; }
}

/// <summary>Receives each request when it is done, in order of completion.</summary>
public delegate void CompletedRequestHandler(in CompletedRequest request);
