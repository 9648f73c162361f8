using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Plimsoll.Server.Telemetry;

/// <summary>
/// The instruments under the names of OpenTelemetry's semantic conventions for generative AI. Nobody listens
/// unless an exporter is configured, and then they cost nothing.
/// </summary>
static class GenAi
{
    public const string Source = "Plimsoll.Server";

    static readonly Meter _meter = new(Source);

    public static ActivitySource Spans { get; } = new(Source);

    /// <summary>Buckets that the conventions advise.</summary>
    public static Histogram<double> Duration { get; } = Seconds(
        "gen_ai.server.request.duration", "Request's arrival to the answer's end.",
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);

    public static Histogram<double> FirstToken { get; } = Seconds(
        "gen_ai.server.time_to_first_token", "Request's arrival to the answer's first token.",
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);

    public static Histogram<double> PerToken { get; } = Seconds(
        "gen_ai.server.time_per_output_token", "Mean gap between the answer's tokens after the first.",
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);

    public static Histogram<long> Tokens { get; } = _meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Tokens of a request, by gen_ai.token.type.",
        tags: null, new InstrumentAdvice<long>
        {
            HistogramBucketBoundaries =
                [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304],
        });

    /// <summary>What requests have cost, USD.</summary>
    public static Counter<double> Cost { get; } = _meter.CreateCounter<double>(
        "plimsoll.cost", "USD", "What requests have cost, by model and level.");

    static Histogram<double> Seconds(string name, string says, IReadOnlyList<double> bounds) =>
        _meter.CreateHistogram(name, "s", says, tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}
