using System;
using System.Globalization;
using System.IO;
using Plimsoll.Bench.Wire;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Bench.Results;

/// <summary>A row per request; times in nanoseconds of the run, empty where nothing happened.</summary>
public static class CsvExport
{
    const string Header =
        "index,level,session,scheduled_ns,dispatched_ns,sent_ns,first_token_ns,last_token_ns,end_ns,"
        + "asked_prompt_tokens,prompt_tokens,cached_tokens,asked_output_tokens,output_tokens,chunks,"
        + "status,failure,message";

    public static void Save(BenchResult result, DetailSpool detail, string path) =>
        WholeFile.Write(path, file =>
    {
        file.NewLine = "\n";
        file.WriteLine(Header);
        foreach (var record in detail.Read())
            Row(file, record, result.Levels[record.Level].Name);
    });

    static void Row(TextWriter file, RequestRecord r, string level)
    {
        var culture = CultureInfo.InvariantCulture;
        file.Write(string.Create(culture, $"{r.Index},{Quoted(level)},"));
        file.Write(r.Session >= 0 ? r.Session.ToString(culture) : "");
        foreach (var ns in new[] { r.ScheduledNs, r.DispatchedNs, r.SentNs, r.FirstTokenNs, r.LastTokenNs,
            r.EndNs })
        {
            file.Write(ns == 0 ? "," : string.Create(culture, $",{ns}"));
        }
        foreach (var count in new[]
        {
            r.AskedPromptTokens, r.PromptTokens, r.CachedTokens, r.AskedOutputTokens, r.OutputTokens,
                r.Chunks, r.Status,
        })
        {
            file.Write(string.Create(culture, $",{count}"));
        }
        file.WriteLine(r.Served ? ",," : $",{r.Failure.Name()},{Quoted(r.Message ?? "")}");
    }

    /// <summary>RFC 4180; a text that a spreadsheet would run as a formula becomes text.</summary>
    static string Quoted(string text)
    {
        var plain = text is ['=' or '+' or '-' or '@', ..] ? "'" + text : text;
        return plain.AsSpan().IndexOfAny(",\"\r\n") < 0 ? plain : $"\"{plain.Replace("\"", "\"\"")}\"";
    }
}
