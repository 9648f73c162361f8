using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// A real engine's run, request by request: the <c>vllm-requests</c> form and what is said beside it.
/// </summary>
sealed record MeasuredRun
{
    const string Ending = ".requests.jsonl";

    public required string Name { get; init; }

    public required Deployment Deployment { get; init; }

    public required IReadOnlyList<Arrival> Arrivals { get; init; }

    /// <summary>Arrival to first token, nanoseconds, by request.</summary>
    public required double[] TtftNs { get; init; }

    public required double[] TpotNs { get; init; }

    /// <summary>Runs of an engine of another name, whose meta files say neither card nor memory.</summary>
    public static IReadOnlyList<MeasuredRun> Of(
        string folder, string accelerator, string engine, int blocks, int blockSize) =>
        [.. Of(folder, accelerator).Select(run => run with
        {
            Deployment = run.Deployment with
            {
                Engine = run.Deployment.Engine with
                {
                    Engine = engine, NumGpuBlocks = blocks, BlockSize = blockSize,
                    EnablePrefixCaching = false,
                },
            },
        })];

    /// <summary>All runs of a folder, by name, which begins with the card where none is given.</summary>
    public static IReadOnlyList<MeasuredRun> Of(string folder, string? accelerator = null)
    {
        if (!Directory.Exists(folder))
            return [];
        var files = Directory.GetFiles(folder, "*" + Ending);
        Array.Sort(files, StringComparer.Ordinal);
        return [.. files.Select(file => Read(file, accelerator))];
    }

    static MeasuredRun Read(string file, string? accelerator)
    {
        var name = Path.GetFileName(file)[..^Ending.Length];
        using var source = TraceSource.Open(file);
        var requests = VllmRequestsFile.Requests(source);
        return new MeasuredRun
        {
            Name = name,
            Deployment = DeploymentOf(VllmRequestsFile.FactsBeside(file), file, name, accelerator),
            Arrivals = [.. requests.Select(r => new Arrival
            {
                AtNs = (long)r.StartNs,
                PromptTokens = r.PromptTokens,
                OutputTokens = r.OutputTokens,
                Session = -1,
            })],
            TtftNs = [.. requests.Select(r => r.TtftNs)],
            TpotNs = [.. requests.Where(r => r.TpotNs is not null).Select(r => r.TpotNs!.Value)],
        };
    }

    /// <summary>What was served, as far as the facts beside the run say.</summary>
    internal static Deployment DeploymentOf(
        RunFacts facts, string file, string name, string? accelerator = null)
    {
        var (tp, dp) = (facts.TensorParallel ?? 1, facts.DataParallel ?? 1);
        var card = accelerator ?? name.Split('_')[0];
        var usual = new EngineSettings();
        return new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(facts.Model
                ?? throw new BadInputException(
                    $"{file}: no {name}.meta.json beside it; expected what was served how")),
            Accelerator =
                Catalogue.BuiltIn.FindAccelerator(card == "RTXPRO6000" ? "rtx_pro_6000_server" : card),
            TensorParallel = tp,
            DataParallel = dp,
            ExpertParallel = facts.ExpertParallel == true ? tp * dp : 1,
            Engine = usual with
            {
                EngineVersion = facts.EngineVersion,
                NumGpuBlocks = facts.NumGpuBlocks,
                BlockSize = facts.BlockSize ?? usual.BlockSize,
                MaxNumSeqs = facts.MaxNumSeqs ?? usual.MaxNumSeqs,
                MaxNumBatchedTokens = facts.MaxNumBatchedTokens ?? usual.MaxNumBatchedTokens,
            },
        };
    }
}
