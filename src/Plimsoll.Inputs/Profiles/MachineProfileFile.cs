using System;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Profiles;

/// <summary>
/// A <see cref="MachineProfile"/> as JSON of <c>docs/reference/machine-profile.schema.json</c>. Unknown keys,
/// missing keys and impossible values are refused.
/// </summary>
public static class MachineProfileFile
{
    const string Expected = "a machine's profile that `plimsoll calibrate` wrote";

    static readonly MachineProfileJson Json = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>Whether a file's text calls itself a machine's profile.</summary>
    public static bool Is(string text) => text.Contains(MachineProfile.SchemaName, StringComparison.Ordinal);

    public static string Write(MachineProfile profile) =>
        JsonSerializer.Serialize(profile, Json.MachineProfile) + "\n";

    public static MachineProfile Parse(string file, string text)
    {
        try
        {
            var profile = JsonSerializer.Deserialize(text, Json.MachineProfile)
                ?? throw new BadInputException($"{file}: is empty; expected {Expected}");
            return Fault(profile) is { } fault
                ? throw new BadInputException($"{file}: {fault}; expected {Expected}")
                : profile;
        }
        catch (JsonException e)
        {
            var where = e.LineNumber is { } line ? $", line {line + 1}" : "";
            var what = e.Path is null or "$" ? "" : $" at {e.Path}";
            throw new BadInputException($"{file}{where}: malformed profile{what}; expected {Expected}");
        }
    }

    static string? Fault(MachineProfile profile)
    {
        if (profile.Schema != MachineProfile.SchemaName)
            return $"schema is {profile.Schema}";
        if (profile.Steps.Fault() is { } fault)
            return fault;
        var (model, engine, error) = (profile.Model, profile.Engine, profile.StepError);
        if (!(error.Low > 0 && error.Low <= 1 && error.High >= 1 && double.IsFinite(error.High)))
            return "the interval of errors does not contain 1";
        if (!NumberFormats.TryParse(model.Weights, out _))
            return $"weights {model.Weights} is no number format";
        foreach (var (name, value) in new (string, long)[]
        {
            ("parameters", model.Parameters), ("layers", model.Layers), ("hidden", model.Hidden),
            ("vocabulary", model.Vocabulary), ("heads", model.Heads), ("kvHeads", model.KvHeads),
            ("headDim", model.HeadDim), ("valueHeadDim", model.ValueHeadDim),
            ("intermediate", model.Intermediate), ("maxContext", model.MaxContext),
            ("maxNumSeqs", engine.MaxNumSeqs), ("maxNumBatchedTokens", engine.MaxNumBatchedTokens),
            ("blockSize", engine.BlockSize), ("numBlocks", engine.NumBlocks),
            ("threads", profile.Machine.Threads),
        })
        {
            if (value is < 1 or > 1L << 40)
                return $"{name} is {value}";
        }
        var machine = profile.Machine;
        return machine is { PeakTflops: > 0 and < 1e6, MemoryGbPerSecond: > 0 and < 1e6, MemoryGb: > 0 }
            && engine.RequestNs is >= 0 and < 1_000_000_000_000
                ? null
                : "the machine's rates are impossible";
    }
}

[JsonSerializable(typeof(MachineProfile))]
sealed partial class MachineProfileJson : JsonSerializerContext;
