using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// Closed-loop means of InferenceMAX and of its replications: <c>measured/inferencemax-points.csv.gz</c>.
/// A client count, which is also the engine's most sequences, random lengths within 0.8 to 1.0 of nominal,
/// ten requests per client. What the rows leave open is settled by <see cref="InferenceMaxAmbiguity"/>.
/// </summary>
public static class InferenceMaxPoints
{
    const double MostTtftMs = 10_000;
    const int RequestsPerClient = 10;
    const double ShortestShare = 0.8;

    /// <summary>One measured point and what splits are made by.</summary>
    public sealed record Point(Observation Observation, int PromptTokens, int OutputTokens, int Concurrency)
    {
        /// <summary>Model, accelerator, engine and weights.</summary>
        public string Served
        {
            get
            {
                var d = Observation.Deployment;
                return $"{d.Model.Name}, {d.Accelerator.Key}, {d.Engine.Engine}, {d.Weights.Name()}";
            }
        }

        /// <summary>What is served by which release: what shares one calibration.</summary>
        public string Group =>
            $"{Served}, {Observation.Deployment.Engine.EngineVersion ?? "release unknown"}";

        /// <summary>How it was split over accelerators, and what was asked of it.</summary>
        public string Setting => FormattableString.Invariant(
            $"{Observation.Deployment.TensorParallel}x{Observation.Deployment.DataParallel}, ")
            + FormattableString.Invariant($"{PromptTokens}/{OutputTokens} × {Concurrency}");
    }

    /// <summary>All usable points in the order of the file.</summary>
    public static IReadOnlyList<Point> Read(string file)
    {
        using var stream = File.OpenRead(file);
        using var text = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        var points = new List<Point>();
        foreach (var point in CsvTable.Read(file, text, Read))
        {
            if (point is not null)
                points.Add(point);
        }
        return InferenceMaxAmbiguity.Settle(points);
    }

    static Point? Read(CsvTable row)
    {
        var ttft = row.OptionalNumber("silicon_ttft_ms");
        var tpot = row.OptionalNumber("silicon_tpot_ms");
        if (row.Text("mode") != "agg" || ttft is null or > MostTtftMs || tpot is null or 0
            || Clients(row.Text("silicon_data_source")) is not { } clients
            || Deploy(row, clients) is not { } deployment)
        {
            return null;
        }
        var prompt = row.Whole("isl");
        var output = row.Whole("osl");
        var observation = new Observation
        {
            Name = FormattableString.Invariant(
                $"tp{deployment.TensorParallel} dp{deployment.DataParallel} ep{deployment.ExpertParallel} ")
                + FormattableString.Invariant(
                    $"{prompt}/{output} × {clients} {row.OptionalText("backend_version")}"),
            Deployment = deployment,
            Load = new ClosedLoad
            {
                Concurrency = clients,
                PromptTokens = ((int)(ShortestShare * prompt), prompt),
                OutputTokens = ((int)(ShortestShare * output), output),
                Requests = RequestsPerClient * (long)clients,
            },
            Measured = new LatencyFigures { TtftMs = ttft, TpotMs = tpot },
        };
        return new Point(observation, prompt, output, clients);
    }

    static int? Clients(string source)
    {
        const string Label = "silicon_concurrency=";
        var at = source.IndexOf(Label, StringComparison.Ordinal);
        if (at < 0)
            return null;
        var digits = source[(at + Label.Length)..].Split(';', ' ')[0];
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var clients)
            ? clients : null;
    }

    static Deployment? Deploy(CsvTable row, int clients)
    {
        if (Ranks(row) is not { } ranks || Weights(row.OptionalText("precision")) is not { } weights)
            return null;
        var backend = row.Text("backend");
        var version = row.OptionalText("backend_version");
        return new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(ModelName(row.Text("model_path"))),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(row.Text("system")),
            TensorParallel = ranks.Tp,
            DataParallel = ranks.Dp,
            ExpertParallel = ranks.Ep,
            Weights = weights,
            Kv = weights == NumberFormat.Bf16 ? NumberFormat.Bf16 : NumberFormat.Fp8,
            Engine = new EngineSettings
            {
                Engine = backend,
                EngineVersion = version.Length > 0 ? version : null,
                MaxNumSeqs = clients,
                EnablePrefixCaching = false,
            },
        };
    }

    /// <summary>
    /// Some dumps write tp or attention dp as the product of expert slices and expert ranks where both equal
    /// the real degree: 64 = 8 × 8 on a node of eight. Null when the degrees contradict each other.
    /// </summary>
    static (int Tp, int Dp, int Ep)? Ranks(CsvTable row)
    {
        var tp = Degree(row, "tp_size");
        var dp = Degree(row, "attention_dp_size");
        var slices = Degree(row, "moe_tp_size");
        var experts = Degree(row, "moe_ep_size");
        if (slices > 1 && slices == experts && Math.Max(tp, dp) == slices * experts)
            (tp, dp) = (Math.Min(tp, slices), Math.Min(dp, slices));
        var ranks = tp * dp;
        var fits = slices * experts == ranks || (slices == 1 && experts == 1) || slices == experts;
        return Degree(row, "pp_size") == 1 && ranks <= 8 && fits && (dp == 1 || tp == 1)
            ? (tp, dp, experts)
            : null;
    }

    static int Degree(CsvTable row, string column) => (int)Math.Max(1, row.OptionalNumber(column) ?? 1);

    static NumberFormat? Weights(string precision) => precision.Length == 0
        ? NumberFormat.Bf16
        : NumberFormats.TryParse(precision, out var format) ? format : null;

    /// <summary>Quantised copies are named after what they are copies of.</summary>
    static string ModelName(string path)
    {
        var name = path[(path.IndexOf('/') + 1)..];
        foreach (var suffix in (string[])["-NVFP4", "-FP8"])
            name = name.EndsWith(suffix, StringComparison.Ordinal) ? name[..^suffix.Length] : name;
        return name switch
        {
            "DeepSeek-V3" or "DeepSeek-V3.1" => "DeepSeek-R1",
            _ => name,
        };
    }
}
