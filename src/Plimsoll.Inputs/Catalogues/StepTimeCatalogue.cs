using System;
using System.Collections.Concurrent;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// The efficiency curves inside the binary: <c>data/steptime/KEY.ENGINE.json</c>, distilled from measured
/// kernel tables by <c>tools/Plimsoll.Distiller</c>.
/// </summary>
public static class StepTimeCatalogue
{
    static readonly ConcurrentDictionary<string, EfficiencyCurves?> Loaded = new();

    /// <summary>
    /// Measured curves of the accelerator under the engine, or generic ones over its datasheet when it was
    /// never measured. An engine without curves of its own on a measured accelerator borrows another's.
    /// </summary>
    public static EfficiencyCurves For(AcceleratorSpec accelerator, string engine)
    {
        if (TryLoad(accelerator.Key, EngineCatalogue.CurvesOf(engine)) is { } own)
            return own;
        foreach (var other in EngineCatalogue.All.Names)
        {
            if (TryLoad(accelerator.Key, EngineCatalogue.CurvesOf(other)) is { } borrowed)
                return borrowed;
        }
        return EfficiencyCurves.Datasheet(accelerator, engine);
    }

    /// <summary>The step-time model of a deployment with the best curves there are for it.</summary>
    /// <param name="deployment">What is served on what.</param>
    /// <param name="scale">Multipliers around the curves; none when null.</param>
    /// <param name="fitted">What the multipliers rest on; the curves' tier when null.</param>
    /// <param name="curves">Other curves than the accelerator's own.</param>
    public static StepTimeModel ModelOf(
        Deployment deployment, StepScale? scale = null, FittedError? fitted = null,
        EfficiencyCurves? curves = null) =>
        new(deployment, curves ?? For(deployment.Accelerator, deployment.Engine.Engine),
            EngineCatalogue.Of(deployment.Engine), scale, fitted);

    /// <summary>The curves of one file, or null when there is none. A file is read once.</summary>
    public static EfficiencyCurves? TryLoad(string accelerator, string engine) =>
        Loaded.GetOrAdd($"data/steptime/{accelerator}.{engine}.json", Load);

    static EfficiencyCurves? Load(string name)
    {
        using var stream = typeof(StepTimeCatalogue).Assembly.GetManifestResourceStream(name);
        return stream is null ? null : Read(stream, name);
    }

    /// <summary>Reads curves; bad JSON throws <see cref="BadInputException"/> naming the file.</summary>
    public static EfficiencyCurves Read(Stream stream, string name)
    {
        try
        {
            return JsonSerializer.Deserialize(stream, StepTimeJson.Default.EfficiencyCurves)
                ?? throw new BadInputException($"{name}: empty; expected step-time curves");
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{name}, line {e.LineNumber + 1}: not step-time curves ({e.Path})");
        }
    }

    /// <summary>
    /// Curves as the text of their file: one curve per line, so that differences read well.
    /// </summary>
    public static string Write(EfficiencyCurves curves)
    {
        var text = new StringBuilder(JsonSerializer.Serialize(curves, StepTimeJson.Default.EfficiencyCurves));
        text.Replace(":[{", ":[\n{").Replace("},{", "},\n{").Replace("}],", "}],\n");
        return text.Append('\n').ToString();
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(NumberFormatJson), typeof(TierJson)])]
[JsonSerializable(typeof(EfficiencyCurves))]
sealed partial class StepTimeJson : JsonSerializerContext;

/// <summary>Number formats by the names the command line uses.</summary>
sealed class NumberFormatJson : JsonConverter<NumberFormat>
{
    public override NumberFormat Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        NumberFormats.TryParse(reader.GetString() ?? "", out var format)
            ? format
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, NumberFormat value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Name());
}

sealed class TierJson : JsonConverter<Tier>
{
    public override Tier Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        Enum.TryParse<Tier>(reader.GetString(), ignoreCase: true, out var tier)
            ? tier
            : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, Tier value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString().ToLowerInvariant());
}
