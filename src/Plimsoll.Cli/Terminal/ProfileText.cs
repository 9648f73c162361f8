using System.Globalization;
using System.Linq;
using System.Text;
using Plimsoll.Inputs.Profiles;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// A calibration for a person at a terminal: what was fitted, to what, and how well it holds.
/// </summary>
static class ProfileText
{
    public static string Of(CalibrationProfile profile)
    {
        var text = new StringBuilder();
        var release = profile.EngineVersion is { } version ? $" {version}" : "";
        text.Append($"{profile.Model}, {profile.Weights} weights, {profile.Kv} KV, on {profile.Accelerator} "
            + $"(tp {profile.Tp}, ");
        text.Append($"pp {profile.Pp}, ep {profile.Ep}, dp {profile.Dp}), {profile.Engine}{release}\n");
        foreach (var input in profile.Inputs)
            text.Append($"{input.File}: {input.Form}, {input.Used:N0} used, {input.Failed:N0} failed\n");
        text.Append($"\nMultipliers around the {profile.Around} tier\n");
        text.Append(Multipliers(profile)).Append('\n').Append(Errors(profile));
        text.Append($"Held out: {profile.HeldOut.Split}; {profile.HeldOut.Configurations} in all.\n");
        Band(text, "Real step time over predicted", profile.StepError);
        Band(text, "Real time to the first token", profile.FirstTokenError);
        if (profile.HeldOut.Figures.All(f => f.HeldOutPercent >= f.BeforePercent))
            text.Append($"The profile predicts no better than the {profile.Around} tier does without it.\n");
        return text.ToString();
    }

    static TextTable Multipliers(CalibrationProfile profile)
    {
        var table = new TextTable("  term", "factor", "90 %", "");
        foreach (var multiplier in profile.Multipliers)
        {
            table.Add($"  {multiplier.Term}", F(multiplier.Factor, "0.000"),
                $"{F(multiplier.Low, "0.000")} – {F(multiplier.High, "0.000")}",
                multiplier.Weak is { } reason ? $"weak: {reason}" : "");
        }
        foreach (var term in profile.Unidentified)
            table.Add($"  {term.Term}", "–", "–", $"not identified: {term.Reason}");
        return table;
    }

    static TextTable Errors(CalibrationProfile profile)
    {
        var table = new TextTable("Median error, %", $"{profile.Around}", "fitted", "held out");
        foreach (var figure in profile.HeldOut.Figures)
        {
            table.Add($"  {figure.Figure}", F(figure.BeforePercent, "0.0"), F(figure.AfterPercent, "0.0"),
                F(figure.HeldOutPercent, "0.0"));
        }
        return table;
    }

    static void Band(StringBuilder text, string figure, ProfileInterval interval)
    {
        text.Append(
            $"{figure}, 90 %: {F(interval.Low, "0.00")} – {F(interval.High, "0.00")} ({interval.Basis}).\n");
    }

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
