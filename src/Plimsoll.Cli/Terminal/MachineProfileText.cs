using System;
using System.Globalization;
using System.Text;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Profiles;

namespace Plimsoll.Cli.Terminal;

/// <summary>A machine's profile for a person at a terminal.</summary>
static class MachineProfileText
{
    public static string Of(MachineProfile profile)
    {
        var (model, machine, engine) = (profile.Model, profile.Machine, profile.Engine);
        var text = new StringBuilder();
        Line(text, $"{model.Name} ({model.Family}, {model.Parameters / 1e6:0.#} M parameters, ");
        Line(text, $"{model.Weights}), {model.File}\n");
        Line(text, $"{machine.Name}, {machine.Threads} thread{(machine.Threads == 1 ? "" : "s")}: ");
        Line(text, $"{1e3 * machine.PeakTflops:0.#} GFLOP/s, {machine.MemoryGbPerSecond:0.#} GB/s at most\n");
        Line(text, $"{engine.Name} {engine.Release}, {engine.MaxNumSeqs} sequences, ");
        Line(text, $"{engine.MaxNumBatchedTokens} tokens a step, ");
        Line(text, $"{engine.NumBlocks * (long)engine.BlockSize} tokens of KV; timed on {profile.AsOf}\n\n");
        Steps(text, profile.Steps);
        Line(text, $"\n{profile.FittedSteps} steps fitted; {profile.HeldOutSteps} others: median error ");
        Line(text, $"{profile.MedianErrorPercent:0.0} %, nine in ten took {profile.StepError.Low:0.00} to ");
        Line(text, $"{profile.StepError.High:0.00} times as long as predicted\n");
        if (profile.Warning is { } warning)
            Line(text, $"\nWARNING: {warning}\n");
        return text.ToString();
    }

    static void Steps(StringBuilder text, MeasuredStepsSpec steps)
    {
        var table = new TextTable("new tokens", "ms", "ms a token");
        for (var i = 0; i < steps.Tokens.Count; i++)
        {
            var (tokens, ms) = (steps.Tokens[i], steps.TokensNs[i] / 1e6);
            table.Add($"{tokens}", F(ms, "0.000"), F(ms / tokens, "0.0000"));
        }
        text.Append(table);
        Line(text, $"and {steps.ContextTokenNs:0.0} ns for each token of KV that a decode reads, ");
        Line(text, $"{steps.PairNs:0.00} ns for each query–key pair of a prompt\n");
    }

    static string F(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    static void Line(StringBuilder text, FormattableString part) =>
        text.Append(part.ToString(CultureInfo.InvariantCulture));
}
