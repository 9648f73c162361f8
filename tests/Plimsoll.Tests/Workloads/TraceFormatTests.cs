using System.IO;
using System.IO.Compression;
using System.Text;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads.Traces;
using Shouldly;
using Xunit;
using ZstdSharp;

namespace Plimsoll.Tests.Workloads;

public sealed class TraceFormatTests
{
    [Fact]
    public void Azure_times_come_in_every_form()
    {
        var trace = Load("a.csv", """
            TIMESTAMP,ContextTokens,GeneratedTokens
            2023-11-16 18:15:46.6805900,374,44
            2023-11-16 18:15:50.995169+00:00,396,109
            2023-11-16 18:15:51,879,55
            2023-11-16T18:15:52.5Z,91,16
            """);
        trace.Report.Format.ShouldBe(TraceFormat.Azure);
        trace.Count.ShouldBe(4);
        trace[1].AtNs.ShouldBe(4_314_579_000);
        trace[3].AtNs.ShouldBe(5_819_410_000);
        trace[3].PromptTokens.ShouldBe(91);
    }

    [Fact]
    public void BurstGpt_drops_and_counts_failures_whatever_the_columns()
    {
        var trace = Load("b.csv", """
            Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type
            5,1,2,ChatGPT,472,18,490,Conversation log
            45,2,2,ChatGPT,1087,0,1087,Conversation log
            118,3,2,GPT-4,417,276,693,API log
            """);
        trace.Report.Format.ShouldBe(TraceFormat.BurstGpt);
        trace.Count.ShouldBe(2);
        trace.Report.RowsRead.ShouldBe(3);
        trace.Report.RowsDropped.ShouldBe(1);
        trace[1].AtNs.ShouldBe(113_000_000_000);
        trace[1].OutputTokens.ShouldBe(276);
    }

    [Fact]
    public void Mooncake_keys_name_whole_blocks_only()
    {
        var trace = Load("m.jsonl", """
            {"timestamp": 0, "input_length": 1200, "output_length": 52, "hash_ids": [46, 47, 48]}
            {"timestamp": 27, "input_length": 1024, "output_length": 26, "hash_ids": [46, 47]}
            """);
        trace.PrefixBlockTokens.ShouldBe(512);
        trace[0].PrefixKeys.Length.ShouldBe(2);
        trace[1].PrefixKeys.ToArray().ShouldBe(trace[0].PrefixKeys.ToArray());
    }

    [Fact]
    public void Bailian_chains_are_read_in_seconds_and_16_token_blocks()
    {
        var trace = Load("q.jsonl", """
            {"chat_id": 1, "parent_chat_id": -1, "timestamp": 61.114, "input_length": 40, "output_length": 332, "type": "text", "turn": 1, "hash_ids": [1, 2, 3]}
            {"chat_id": 2, "parent_chat_id": 1, "timestamp": 62.5, "input_length": 64, "output_length": 12, "type": "text", "turn": 2, "hash_ids": [1, 2, 4, 5]}
            """);
        trace.Report.Format.ShouldBe(TraceFormat.Bailian);
        trace.PrefixBlockTokens.ShouldBe(16);
        trace[1].AtNs.ShouldBe(1_386_000_000);
        trace[1].PrefixKeys.Span[0].ShouldBe(trace[0].PrefixKeys.Span[0]);
    }

    [Fact]
    public void Weka_sessions_wait_for_their_answers()
    {
        var trace = Load("w.json", """
            {"id": "s1", "models": ["m"], "block_size": 64, "requests": [
              {"t": 0.0, "type": "s", "in": 128, "out": 20, "hash_ids": [1, 2], "api_time": 1.5, "think_time": 0, "stop": "tool_use"},
              {"t": 4.5, "type": "s", "in": 192, "out": 30, "hash_ids": [1, 2, 3], "api_time": 2.0, "think_time": 3.0, "stop": "end_turn"}]}
            """);
        trace.ClosedLoop.ShouldBeTrue();
        trace.Count.ShouldBe(2);
        trace[0].Session.ShouldBe(trace[1].Session);
        var arrivals = new TraceWorkload(trace, "w").Open(1, 10, 1);
        arrivals.TryPeek(out _).ShouldBeTrue();
        arrivals.Take(out var first);
        arrivals.TryPeek(out _).ShouldBeFalse("the second call waits for the first answer");
        arrivals.Finished(first.Session, 10_000_000_000);
        arrivals.TryPeek(out var atNs).ShouldBeTrue();
        atNs.ShouldBeGreaterThanOrEqualTo(10_000_000_000);
    }

    [Fact]
    public void Any_log_is_read_through_a_column_map()
    {
        var options = new TraceOptions { Map = ColumnMap.Parse("time=when:ms,input=prompt,output=answer") };
        var trace = Load("log.csv", "id,prompt,when,answer\nx,10,1500,3\ny,20,2750,4\n", options);
        trace[1].AtNs.ShouldBe(1_250_000_000);
        trace[1].PromptTokens.ShouldBe(20);
    }

    [Theory]
    [InlineData("arxiv_summarization_stats_llama2_tokenizer_filtered_v2.csv.gz", 28_257)]
    [InlineData("sharegpt_V3_format_lens.csv.gz", 58_000)]
    public void Lengths_alone_are_a_trace_without_times(string file, int rows)
    {
        var path = Catalogues.ModelOracleTests.SharedData($"traces/lengths/{file}");
        Assert.SkipUnless(File.Exists(path), "the shared data is not here");
        var trace = Trace.Load(path);
        trace.HasTimes.ShouldBeFalse();
        trace.Report.RowsRead.ShouldBe(rows);
        (trace.Report.RowsEmitted + trace.Report.RowsDropped).ShouldBe(rows);
    }

    [Fact]
    public void Gzip_and_zstandard_are_opened_by_their_content()
    {
        const string Text =
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,374,44\n2023-11-16 18:15:47,10,4\n";
        using var gz = new MemoryStream();
        using (var stream = new GZipStream(gz, CompressionLevel.Fastest, leaveOpen: true))
            stream.Write(Encoding.UTF8.GetBytes(Text));
        Load("a.csv.gz", gz.ToArray()).Count.ShouldBe(2);
        using var compressor = new Compressor();
        var zst = compressor.Wrap(Encoding.UTF8.GetBytes(Text)).ToArray();
        Load("a.csv.zst", zst).Count.ShouldBe(2);
        Should.Throw<BadInputException>(
            () => Load("a.csv.zst", zst[..(zst.Length / 2)])).Message.ShouldNotContain("\n");
    }

    [Fact]
    public void A_gzip_cut_anywhere_is_said_to_be_cut()
    {
        var text = new StringBuilder("TIMESTAMP,ContextTokens,GeneratedTokens\n");
        for (var i = 0; i < 500; i++)
        {
            text.Append($"2023-11-16 "
                + $"18:15:{i % 60:00}.{i * 7919 % 1000:000},{i * 31 % 4000 + 1},{i * 17 % 500 + 1}\n");
        }

        using var packed = new MemoryStream();
        using (var stream = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            stream.Write(Encoding.UTF8.GetBytes(text.ToString()));
        var whole = packed.ToArray();
        Load("a.csv.gz", whole).Count.ShouldBe(500);
        // Within the header, in the middle, and without the last bytes of its check sum.
        foreach (var length in new[] { 5, 12, whole.Length / 3, whole.Length / 2, whole.Length - 9,
            whole.Length - 1 })
        {
            Should.Throw<BadInputException>(() => Load("a.csv.gz", whole[..length]))
                .Message.ShouldContain("cut short", customMessage: $"{length} bytes");
        }
    }

    [Theory]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\n\n2023-11-16 18:15:46,374,44\n\n\n2023-11-16 "
        + "18:15:47,10,4\n\n\n")]
    [InlineData("TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46,374,44\r\n  \r\n2023-11-16 "
        + "18:15:47,10,4\r\n\r\n")]
    [InlineData("\uFEFFTIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 "
        + "18:15:46,374,44\n2023-11-16 18:15:47,10,4")]
    [InlineData("\"TIMESTAMP\",\"ContextTokens\",\"GeneratedTokens\"\n\"2023-11-16 "
        + "18:15:46\",\"374\",\"44\"\n\"2023-11-16 18:15:47\",10,4\n")]
    [InlineData("TIMESTAMP\tContextTokens\tGeneratedTokens\n2023-11-16 18:15:46\t374\t44\n2023-11-16 "
        + "18:15:47\t10\t4\n")]
    [InlineData(
        "TIMESTAMP;ContextTokens;GeneratedTokens\n2023-11-16 18:15:46;374;44\n2023-11-16 18:15:47;10;4\n")]
    public void Csv_comes_blank_lined_quoted_and_delimited_in_many_ways(string text)
    {
        var trace = Load("a.csv", text);
        trace.Report.Format.ShouldBe(TraceFormat.Azure);
        trace.Report.RowsRead.ShouldBe(2);
        trace[0].PromptTokens.ShouldBe(374);
        trace[1].OutputTokens.ShouldBe(4);
        trace[1].AtNs.ShouldBe(1_000_000_000);
    }

    [Fact]
    public void A_blank_line_keeps_the_numbers_of_the_lines_after_it() =>
        Should.Throw<BadInputException>(() => Load("a.csv",
                "TIMESTAMP,ContextTokens,GeneratedTokens\n\n2023-11-16 18:15:46,374,44\n\n2023-11-16 "
                + "18:15:47,-10,4\n"))
            .Message.ShouldContain("line 5");

    [Fact]
    public void A_log_keeps_its_lengths_in_nested_fields()
    {
        var options = new TraceOptions
        {
            Map = ColumnMap.Parse("time=time,input=usage.prompt_tokens,output=usage.completion_tokens"),
        };
        var trace = Load("log.jsonl", """
            {"time": 5.5, "usage": {"prompt_tokens": 12, "total_tokens": 15, "completion_tokens": 3}}
            {"usage": {"completion_tokens": 4, "details": {"prompt_tokens": 9}, "prompt_tokens": 20}, "time": 6}
            """, options);
        trace[1].AtNs.ShouldBe(500_000_000);
        trace[1].PromptTokens.ShouldBe(20);
        trace[0].OutputTokens.ShouldBe(3);
    }

    [Fact]
    public void Coarse_timestamps_are_spread_inside_their_step_and_said()
    {
        var text = new StringBuilder();
        for (var i = 0; i < 400; i++)
        {
            text.Append($"{{\"timestamp\": {i / 10 * 3000}, \"input_length\": 50, \"output_length\": 3, "
                + $"\"hash_ids\": [{i}]}}\n");
        }

        var trace = Load("m.jsonl", text.ToString());
        trace.Report.QuantumNs.ShouldBe(3_000_000_000);
        trace.Report.Notes.ShouldContain(n => n.Contains("rounded to 3 s"));
        var same = 0;
        for (var i = 1; i < trace.Count; i++)
            same += trace[i].AtNs == trace[i - 1].AtNs ? 1 : 0;
        same.ShouldBe(0);
    }

    [Theory]
    [InlineData(400, 200_000)]
    [InlineData(10, 3_000)]
    public void Bursts_that_really_came_are_not_spread(int bursts, int apartMs)
    {
        var text = new StringBuilder();
        for (var i = 0; i < 20 * bursts; i++)
        {
            text.Append($"{{\"timestamp\": {i / 20 * (long)apartMs}, \"input_length\": 50, "
                + $"\"output_length\": 3, \"hash_ids\": [{i}]}}\n");
        }

        var trace = Load("m.jsonl", text.ToString());
        trace.Report.QuantumNs.ShouldBe(0);
        trace[19].AtNs.ShouldBe(0);
        trace[20].AtNs.ShouldBe(apartMs * 1_000_000L);
    }

    [Fact]
    public void At_any_rate_arrivals_come_in_order_and_at_that_rate() =>
        Gen.Select(Gen.Int[200, 600], Gen.Double[0.1, 5], Gen.ULong).Sample((rows, factor, seed) =>
        {
            var text = new StringBuilder();
            for (var i = 0; i < rows; i++)
            {
                text.Append($"{{\"timestamp\": {i * 731}, \"input_length\": {600 + i % 400}, "
                    + $"\"output_length\": 3, \"hash_ids\": [{i}, {i + 1}]}}\n");
            }

            var workload = new TraceWorkload(Load("m.jsonl", text.ToString()), "m");
            var rate = factor * workload.RequestsPerSecond;
            const int Requests = 3000;
            var arrivals = workload.Open(rate, Requests, seed);
            var again = workload.Open(rate, Requests, seed);
            long last = 0;
            for (var i = 0; i < Requests; i++)
            {
                arrivals.TryPeek(out var atNs).ShouldBeTrue();
                arrivals.Take(out var arrival);
                again.Take(out var same);
                arrival.AtNs.ShouldBe(atNs);
                same.AtNs.ShouldBe(atNs);
                same.PromptTokens.ShouldBe(arrival.PromptTokens);
                atNs.ShouldBeGreaterThanOrEqualTo(last);
                last = atNs;
            }
            arrivals.TryPeek(out _).ShouldBeFalse();
            (Requests / (last / 1e9)).ShouldBe(rate, 0.12 * rate);
        }, iter: 20);

    static Trace Load(string name, string content, TraceOptions? options = null) =>
        Load(name, Encoding.UTF8.GetBytes(content), options);

    static Trace Load(string name, byte[] content, TraceOptions? options = null)
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        try
        {
            var path = Path.Combine(folder.FullName, name);
            File.WriteAllBytes(path, content);
            return Trace.Load(path, options);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
