using System;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>A workload family as its file states it. Unknown keys are errors.</summary>
public sealed record FamilySpec
{
    public required string Name { get; init; }

    public required string Description { get; init; }

    public required string Source { get; init; }

    public required string AsOf { get; init; }

    /// <summary><c>interactive</c> or <c>batch</c>: how it is usually promised.</summary>
    public required string Class { get; init; }

    /// <summary>Mean rate of the data, requests per second.</summary>
    public required double RequestsPerSecond { get; init; }

    /// <summary>Prompt lengths; of a session, the first prompt's.</summary>
    public required LengthSpec Input { get; init; }

    /// <summary>Answers; null where requests end with their prompt: embedding, reranking.</summary>
    public LengthSpec? Output { get; init; }

    /// <summary>Spearman rank correlation of input and output, through a Gaussian copula.</summary>
    public double RankCorrelation { get; init; }

    public required ArrivalSpec Arrivals { get; init; }

    /// <summary><c>flat</c>, <c>office</c> or <c>global</c>.</summary>
    public string Envelope { get; init; } = "flat";

    /// <summary>The week by hour where it is the workload's own, in place of a named envelope.</summary>
    public double[]? Hourly { get; init; }

    /// <summary>Independent tenants pooled, their weeks shifted evenly.</summary>
    public int Tenants { get; init; } = 1;

    /// <summary>Multimodal: images of a request, and prompt tokens of an image.</summary>
    public LengthSpec? ImageCount { get; init; }

    public LengthSpec? ImageTokens { get; init; }

    /// <summary>
    /// Pixels that stand for one of <see cref="ImageTokens"/>, by the rule of the model that counted them;
    /// with them another model counts the same images by its own rule.
    /// </summary>
    public int? ImagePixelsPerToken { get; init; }

    /// <summary>Closed loop: how a session grows. Null for an open stream.</summary>
    public SessionSpec? Session { get; init; }

    /// <summary>
    /// Levels of service that requests are drawn from. Null where the family tells none apart.
    /// </summary>
    public LevelShare[]? Levels { get; init; }

    /// <summary>How prompts share their beginnings. Null when they do not.</summary>
    public PrefixSpec? Prefix { get; init; }

    /// <summary>Reads a family file; what is wrong throws <see cref="BadInputException"/>.</summary>
    public static FamilySpec Read(Stream stream, string name)
    {
        try
        {
            var spec = JsonSerializer.Deserialize(stream, FamilyJson.Default.FamilySpec)
                ?? throw new BadInputException($"{name}: empty; expected a workload family");
            spec.Check(name);
            return spec;
        }
        catch (InvalidOperationException)
        {
            throw new BadInputException($"{name}: is no UTF-8 text; expected a workload family");
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"{name}, line {e.LineNumber + 1}: not a workload family ({e.Path ?? "malformed JSON"}); "
                + "expected the keys that `plimsoll catalogue workloads chat` prints, as JSON");
        }
    }

    /// <summary>The family as the text of its file.</summary>
    public string Write() => JsonSerializer.Serialize(this, FamilyJson.Default.FamilySpec) + "\n";

    void Check(string name)
    {
        Input.Check($"{name}, input");
        Output?.Check($"{name}, output");
        ImageCount?.Check($"{name}, imageCount");
        ImageTokens?.Check($"{name}, imageTokens");
        Session?.Check(name);
        if (Session is not null && Output is null)
            throw new BadInputException($"{name}: output is missing; expected what sessions grow by");
        if (ImagePixelsPerToken is < 1 or > 1_000_000)
        {
            throw new BadInputException(
                $"{name}: imagePixelsPerToken {ImagePixelsPerToken}; expected 1 to 1000000");
        }
        Prefix?.Check(name);
        if (Levels is not null)
            LevelShare.Check(name, Levels);
        if (!(RequestsPerSecond > 0 && RequestsPerSecond < 1e9))
            throw new BadInputException($"{name}: requestsPerSecond {RequestsPerSecond}; expected above 0");
        if (!(Math.Abs(RankCorrelation) < 1))
        {
            throw new BadInputException(
                $"{name}: rankCorrelation {RankCorrelation}; expected between -1 and 1");
        }

        if (!(Arrivals.Sigma is >= 0 and < 10 && Arrivals.TauS > 0))
            throw new BadInputException($"{name}: arrivals; expected sigma from 0 to 10 and tauS above 0");
        if (Tenants is < 1 or > 10_000)
            throw new BadInputException($"{name}: tenants {Tenants}; expected 1 to 10000");
    }
}

/// <summary>Parameters of the log-Gaussian Cox process; sigma 0 is Poisson.</summary>
public sealed record ArrivalSpec(double Sigma, double TauS);

/// <summary>A session of calls, each with the whole context before it.</summary>
/// <param name="Turns">Calls of a session.</param>
/// <param name="Growth">New prompt tokens of each call after the first, beside the answer before it.</param>
/// <param name="ToolSeconds">Gap from an answer to the next call when a tool runs.</param>
/// <param name="HumanSeconds">The same when a person is waited for.</param>
/// <param name="HumanShare">Share of gaps that wait for a person.</param>
public sealed record SessionSpec(
    LengthSpec Turns, LengthSpec Growth, LengthSpec ToolSeconds, LengthSpec HumanSeconds, double HumanShare)
{
    public void Check(string name)
    {
        Turns.Check($"{name}, session turns");
        Growth.Check($"{name}, session growth");
        ToolSeconds.Check($"{name}, session toolSeconds");
        HumanSeconds.Check($"{name}, session humanSeconds");
        if (!(HumanShare is >= 0 and <= 1))
            throw new BadInputException($"{name}: humanShare {HumanShare}; expected 0 to 1");
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(FamilySpec))]
[JsonSerializable(typeof(System.Collections.Generic.Dictionary<string, EnvelopeSpec>))]
sealed partial class FamilyJson : JsonSerializerContext;

/// <summary>Demand by hour of the week, mean 1.</summary>
public sealed record EnvelopeSpec(string Source, double[] Hourly);
