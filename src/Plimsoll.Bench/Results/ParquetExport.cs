using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Parquet;
using Parquet.Schema;
using Plimsoll.Bench.Wire;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Bench.Results;

/// <summary>
/// The rows of <see cref="CsvExport"/> as Parquet, in groups, so that memory stays bounded.
/// </summary>
public static class ParquetExport
{
    const int RowsPerGroup = 65_536;

    static readonly (string Name, Func<RequestRecord, long> Of)[] Numbers =
    [
        ("index", r => r.Index), ("session", r => r.Session), ("scheduled_ns", r => r.ScheduledNs),
        ("dispatched_ns", r => r.DispatchedNs), ("sent_ns", r => r.SentNs),
            ("first_token_ns", r => r.FirstTokenNs),
        ("last_token_ns", r => r.LastTokenNs), ("end_ns", r => r.EndNs),
        ("asked_prompt_tokens", r => r.AskedPromptTokens), ("prompt_tokens", r => r.PromptTokens),
        ("cached_tokens", r => r.CachedTokens), ("asked_output_tokens", r => r.AskedOutputTokens),
        ("output_tokens", r => r.OutputTokens), ("chunks", r => r.Chunks), ("status", r => r.Status),
    ];

    static readonly DataField<string> Level = new("level");
    static readonly DataField<string> Failure = new("failure");
    static readonly DataField<string> Message = new("message");

    public static void Save(BenchResult result, DetailSpool detail, string path) =>
        WholeFile.WriteBytes(path, stream => Write(result, detail, stream).GetAwaiter().GetResult());

    static async Task Write(BenchResult result, DetailSpool detail, Stream stream)
    {
        var numbers = Numbers.Select(column => new DataField<long>(column.Name)).ToArray();
        var schema = new ParquetSchema([.. numbers, Level, Failure, Message]);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream).ConfigureAwait(false);
        foreach (var rows in detail.Read().Select(r =>
            new Row(r, result.Levels[r.Level].Name)).Chunk(RowsPerGroup))
        {
            using var group = writer.CreateRowGroup();
            for (var column = 0; column < numbers.Length; column++)
            {
                var values = rows.Select(row => row.Numbers[column]).ToArray();
                await group.WriteAsync<long>(numbers[column], values).ConfigureAwait(false);
            }
            await Texts(Level, row => row.Level).ConfigureAwait(false);
            await Texts(Failure, row => row.Failure).ConfigureAwait(false);
            await Texts(Message, row => row.Message).ConfigureAwait(false);

            async Task Texts(DataField field, Func<Row, string> of)
            {
                IReadOnlyCollection<string> values = [.. rows.Select(of)];
                await group.WriteAsync(field, values).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A copy, since the spool's record is used again.</summary>
    sealed class Row(RequestRecord record, string level)
    {
        public long[] Numbers { get; } = [.. ParquetExport.Numbers.Select(column => column.Of(record))];

        public string Level => level;

        public string Failure { get; } = record.Served ? "" : record.Failure.Name();

        public string Message { get; } = record.Message ?? "";
    }
}
