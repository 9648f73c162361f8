using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// Reads a measured file, plain, gzip or Zstandard, of whichever form its first bytes show.
/// </summary>
public static class CalibrationFile
{
    const string Known =
        "vllm-requests JSONL, a vLLM benchmark result saved with --save-detailed, a guidellm report, "
        + "AIPerf's profile_export.jsonl or profile_export_aiperf.json, engine steps CSV "
        + "(duration_ms,decodes,…), a decision log of `plimsoll serve`, or points CSV "
        + "(concurrency,prompt_tokens,output_tokens,ttft_ms,tpot_ms)";

    public static MeasuredInput Read(string path, Deployment deployment)
    {
        var reader = ReaderOf(path, TraceFormats.Head(path));
        using var source = TraceSource.Open(path);
        try
        {
            return reader(source, deployment) with { Sha256 = Digest(path) };
        }
        catch (InvalidOperationException e) when (e.Source == "System.Text.Json")
        {
            throw source.Error("holds text that is no Unicode; expected measurements as they were written");
        }
    }

    static Func<TraceSource, Deployment, MeasuredInput> ReaderOf(string path, byte[] head)
    {
        var json = TraceFormats.IsJson(head);
        IReadOnlyCollection<string> names = json ? TraceFormats.Fields(head) : Columns(head);
        if (json)
        {
            if (names.Contains("input_toks") && names.Contains("first_token_ts"))
                return VllmRequestsFile.Read;
            if (names.Contains("benchmarks"))
                return GuidellmFile.Read;
            if (names.Contains("metadata") && names.Contains("metrics"))
                return AiPerfRecordsFile.Read;
            if (names.Contains("input_config") || names.Contains("aiperf_version"))
                return AiPerfSummaryFile.Read;
            if (names.Contains("limits") && names.Contains("step_times"))
                return DecisionLogFile.Read;
            if (names.Contains("ttfts") || names.Contains("request_throughput")
                || names.Contains("total_input_tokens"))
            {
                return VllmResultFile.Read;
            }
        }
        else if (names.Contains("duration_ms") && names.Contains("decodes"))
        {
            return StepsFile.Read;
        }
        else if (names.Contains("concurrency"))
        {
            return PointsFile.Read;
        }
        throw new BadInputException(
            $"{path}, line 1: no known form of measurements ({(json ? "fields" : "columns")} "
            + $"{Shown(names)}); expected {Known}");
    }

    static SortedSet<string> Columns(byte[] head)
    {
        var text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF');
        var header = text.Split('\n')[0];
        return new SortedSet<string>(
            header.Split(',', StringSplitOptions.TrimEntries), StringComparer.Ordinal);
    }

    static string Shown(IReadOnlyCollection<string> names)
    {
        var shown = string.Concat(string.Join(", ", names).Where(c => !char.IsControl(c)));
        return shown.Length == 0 ? "none" : shown.Length > 120 ? shown[..120] + "…" : shown;
    }

    static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
