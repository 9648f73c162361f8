using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Inputs.Profiles;

/// <summary>
/// A <see cref="CalibrationProfile"/> as JSON of the schema published in
/// <c>docs/reference/profile.schema.json</c>. Unknown keys, missing keys and impossible values are refused.
/// </summary>
public static class ProfileFile
{
    internal const string Expected = "a profile that `plimsoll calibrate` wrote";

    static readonly ProfileJson Json = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Write(CalibrationProfile profile) =>
        JsonSerializer.Serialize(profile, Json.CalibrationProfile) + "\n";

    public static CalibrationProfile Read(string file) => Parse(file, SmallFile.ReadText(file, Expected));

    public static CalibrationProfile Parse(string file, string text)
    {
        try
        {
            var profile = JsonSerializer.Deserialize(text, Json.CalibrationProfile)
                ?? throw new BadInputException($"{file}: is empty; expected {Expected}");
            return Checked(file, profile);
        }
        catch (JsonException e)
        {
            const string Missing = "including: ";
            if (e.Message.IndexOf(Missing, StringComparison.Ordinal) is >= 0 and var at)
            {
                throw new BadInputException(
                    $"{file}: lacks {e.Message[(at + Missing.Length)..].TrimEnd('.')}; "
                    + "expected a profile of this release (calibrate again)");
            }
            var where = e.LineNumber is { } line ? $", line {line + 1}" : "";
            var what = e.Path is null or "$" ? "" : $" at {e.Path}";
            throw new BadInputException($"{file}{where}: malformed profile{what}; expected {Expected}");
        }
    }

    const double MostError = 100;
    const long MostContext = 100_000_000;

    /// <summary>A null in a list is what the reader lets through.</summary>
    static void CheckLists(string file, CalibrationProfile profile)
    {
        IReadOnlyList<object?>[] lists =
            [profile.Multipliers, profile.Unidentified, profile.HeldOut.Figures, profile.Inputs];
        if (Array.Exists(lists, list => list.Contains(null)))
            throw new BadInputException($"{file}: null in a list; expected {Expected}");
        if (profile.Multipliers.DistinctBy(m => m.Term).Count() < profile.Multipliers.Count)
            throw new BadInputException($"{file}: a term stands twice; expected each once");
        if (profile.HeldOut.Configurations < 1)
            throw new BadInputException($"{file}: heldOut.configurations is below 1; expected at least 1");
        if (profile.Around is not ("datasheet" or "kernels"))
        {
            throw new BadInputException(
                $"{file}: around is {profile.Around}; expected datasheet or kernels");
        }
    }

    static CalibrationProfile Checked(string file, CalibrationProfile profile)
    {
        if (profile.Schema != CalibrationProfile.SchemaName)
            throw Bad($"schema is {profile.Schema}", CalibrationProfile.SchemaName);
        if (profile.Multipliers.Count == 0)
            throw Bad("multipliers is empty", "at least one");
        CheckLists(file, profile);
        foreach (var multiplier in profile.Multipliers)
        {
            if (!(multiplier.Low <= multiplier.Factor && multiplier.Factor <= multiplier.High))
                throw Bad($"{multiplier.Term} is outside its own interval", "low to high around factor");
            if (StepTerms.Find(multiplier.Term) is not { } term)
                throw Bad($"term {multiplier.Term} is unknown", "a term of the step time");
            var (least, most) = term.MultiplierBounds();
            if (!(multiplier.Factor >= 0.999 * least && multiplier.Factor <= 1.001 * most))
            {
                throw Bad(
                    FormattableString.Invariant($"{multiplier.Term} has the factor {multiplier.Factor}"),
                    FormattableString.Invariant($"{least} to {most}"));
            }
        }
        foreach (var error in new[] { profile.StepError, profile.FirstTokenError })
        {
            if (!(error.Low is >= 1 / MostError and <= 1 && error.High is >= 1 and <= MostError))
                throw Bad("an interval of errors does not contain 1, or is endless", "0.01 to 1, 1 to 100");
        }
        var contexts = profile.ContextTokens;
        if (contexts.Least < 1 || contexts.Most < contexts.Least || contexts.Most > MostContext)
            throw Bad("contextTokens is no range", $"least at least 1 and most from that to {MostContext}");
        if (profile.AroundStepsMs.Count != FittedStepTimes.ProbeCount)
        {
            throw Bad(
                $"aroundStepsMs has {profile.AroundStepsMs.Count} entries", $"{FittedStepTimes.ProbeCount}");
        }

        if (!NumberFormats.TryParse(profile.Kv, out _) || !NumberFormats.TryParse(profile.Weights, out _))
            throw Bad($"weights {profile.Weights}, kv {profile.Kv}", "number formats such as bf16 and fp8");
        if (profile.Tp < 1 || profile.Pp < 1 || profile.Ep < 1 || profile.Dp < 1)
            throw Bad("a degree of parallelism is below 1", "1 or more");
        return profile;

        BadInputException Bad(string what, string expected) => new($"{file}: {what}; expected {expected}");
    }
}

[JsonSerializable(typeof(CalibrationProfile))]
sealed partial class ProfileJson : JsonSerializerContext;
