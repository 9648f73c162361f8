using System;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Inputs.Measured;

/// <summary>Means of one closed loop.</summary>
public sealed record MeasuredPoint
{
    /// <summary>Requests per client where nobody says: what InferenceMAX sends.</summary>
    const int RequestsPerClient = 10;

    public required int Concurrency { get; init; }

    public required int PromptTokens { get; init; }

    public required int OutputTokens { get; init; }

    /// <summary>
    /// Shortest prompt where lengths were drawn at random up to <see cref="PromptTokens"/>.
    /// </summary>
    public int? LeastPromptTokens { get; init; }

    public int? LeastOutputTokens { get; init; }

    public long? Requests { get; init; }

    public double? TtftMs { get; init; }

    public double? TpotMs { get; init; }

    const int MostClients = 65_536;
    const int MostTokens = 100_000_000;

    public MeasuredPoint Checked(string where)
    {
        if (Concurrency < 1 || PromptTokens < 1 || OutputTokens < 1)
            throw Bad("concurrency or tokens are 0", "at least 1");
        if (Concurrency > MostClients || PromptTokens > MostTokens || OutputTokens > MostTokens)
        {
            throw Bad("concurrency or tokens are too many",
                $"{MostClients} clients and {MostTokens} tokens at most");
        }
        if (LeastPromptTokens > PromptTokens || LeastOutputTokens > OutputTokens)
            throw Bad("the least length is above the length", "it at or below");
        if (TtftMs is null && TpotMs is null)
            throw Bad("neither TTFT nor TPOT is given", "at least one");
        if (TtftMs is <= 0 || TpotMs is <= 0)
            throw Bad("impossible timing, 0", "a time above 0");
        return this;

        BadInputException Bad(string what, string expected) => new($"{where}: {what}; expected {expected}");
    }

    /// <summary>
    /// The point as a configuration; equal loads are one configuration, whichever file they stand in.
    /// </summary>
    public Configuration On(Deployment deployment)
    {
        var name = FormattableString.Invariant($"{PromptTokens}/{OutputTokens} × {Concurrency}");
        return new Configuration
        {
            Key = name,
            Runs = [new Observation
            {
                Name = name,
                Deployment = deployment,
                Load = new ClosedLoad
                {
                    Concurrency = Concurrency,
                    PromptTokens = (LeastPromptTokens ?? PromptTokens, PromptTokens),
                    OutputTokens = (LeastOutputTokens ?? OutputTokens, OutputTokens),
                    Requests = Math.Max(Concurrency, Requests ?? (long)RequestsPerClient * Concurrency),
                },
                Measured = new LatencyFigures { TtftMs = TtftMs, TpotMs = TpotMs },
            }],
        };
    }
}
