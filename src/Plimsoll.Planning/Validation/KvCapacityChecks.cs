using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Validation;

/// <summary>One engine's own KV capacity beside what is predicted for the same start.</summary>
/// <param name="Deployment">What was started on what.</param>
/// <param name="PublishedTokens">Tokens of KV that one engine rank logged.</param>
/// <param name="PredictedTokens">Tokens predicted; 0 when the model is predicted not to fit.</param>
/// <param name="HeldOut">Whether the constants were fitted without this row.</param>
/// <param name="Source">Where the engine's figure is published.</param>
/// <param name="AsOf">Date of that source, as precise as it is.</param>
public sealed record KvCapacityCheck(
    Deployment Deployment, long PublishedTokens, long PredictedTokens, bool HeldOut, string Source,
    string AsOf)
{
    public double ErrorPercent => 100.0 * (PredictedTokens - PublishedTokens) / PublishedTokens;

    /// <summary>Model, format, accelerators, engine and its largest batch.</summary>
    public string Name
    {
        get
        {
            var d = Deployment;
            var release = d.Engine.EngineVersion is { } version ? " " + version : "";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{d.Model.Name} {d.Weights.Name()}, {d.Accelerator.Key} tp {d.TensorParallel} pp "
                + $"{d.PipelineParallel}, "
                + $"{d.Engine.Engine}{release}, {d.Engine.MaxNumSeqs} x {d.Engine.MaxNumBatchedTokens}");
        }
    }
}

/// <summary>
/// Predicted KV capacity against what engines logged at their start: <c>data/kv-capacity.csv</c>. A setting
/// that a source does not state is the engine's default of that release.
/// </summary>
public static class KvCapacityChecks
{
    const string File = "data/kv-capacity.csv";

    /// <summary>Every row of the file, in its order.</summary>
    public static IReadOnlyList<KvCapacityCheck> All() =>
        Resource.Read("kv-capacity.csv", (name, text) => CsvTable.Read(name, text, Check));

    static KvCapacityCheck Check(CsvTable row)
    {
        var version = row.OptionalText("version");
        var deployment = new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(row.Text("model")),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(row.Text("accelerator")),
            TensorParallel = row.Whole("tensor_parallel"),
            PipelineParallel = row.Whole("pipeline_parallel"),
            Weights = Format(row, "weights"),
            Kv = Format(row, "kv"),
            Engine = new EngineSettings
            {
                Engine = row.Text("engine"),
                EngineVersion = version.Length > 0 ? version : null,
                MaxNumSeqs = row.Whole("max_num_seqs"),
                MaxNumBatchedTokens = row.Whole("max_num_batched_tokens"),
                GpuMemoryUtilization = row.Number("memory_fraction"),
            },
        };
        return new KvCapacityCheck(
            deployment, row.Whole("tokens"), EngineCatalogue.Capacity(deployment).Tokens,
            row.Text("set") == "held-out",
            row.Text("source"), row.Text("as_of"));
    }

    static NumberFormat Format(CsvTable row, string column) =>
        NumberFormats.TryParse(row.Text(column), out var format)
            ? format
            : throw new BadInputException(
                $"{File}, {column}: \"{row.Text(column)}\"; expected a number format");
}
