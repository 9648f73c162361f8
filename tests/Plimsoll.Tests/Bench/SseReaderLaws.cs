using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using CsCheck;
using Plimsoll.Bench.Wire;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class SseReaderLaws
{
    static readonly string[] Texts = ["{\"a\":1}", "[DONE]", "x", "", "long " + new string('y', 9000)];
    static readonly Gen<string> Data = Gen.Int[0, Texts.Length - 1].Select(i => Texts[i]);
    static readonly Gen<string> End = Gen.Bool.Select(windows => windows ? "\r\n" : "\n");

    /// <summary>However a stream is cut into reads, its events are those that were written.</summary>
    [Fact]
    public void Reads_may_be_cut_anywhere() =>
        Gen.Select(Gen.Select(Data, End, Gen.Bool).List[0, 12],
            Gen.Int[1, 5000].List[1, 40], Gen.Bool).Sample((events, reads, mark) =>
        {
            var text = new StringBuilder(mark ? "\uFEFF" : "");
            foreach (var (data, end, comment) in events)
            {
                text.Append(comment ? $": keep alive{end}event: token{end}"
                    : "").Append($"data: {data}{end}{end}");
            }
            Read(Encoding.UTF8.GetBytes(text.ToString()), reads).ShouldBe(events.Select(e => e.Item1));
        });

    [Theory]
    [InlineData("\uFEFFdata: a\n\ndata: b\n\n")]
    [InlineData("\uFEFF\ndata: a\n\ndata: b\n\n")]
    [InlineData("\uFEFF: hello\r\n\r\ndata: a\r\n\r\ndata: b")]
    public void A_byte_order_mark_opens_a_stream_and_is_no_part_of_it(string stream)
    {
        foreach (var reads in new[] { 1, 2, 5, 100 })
            Read(Encoding.UTF8.GetBytes(stream), [reads]).ShouldBe(["a", "b"]);
    }

    [Fact]
    public void A_mark_in_the_midst_of_a_stream_is_text() =>
        Read(Encoding.UTF8.GetBytes("data: a\n\n\uFEFFdata: b\n\ndata: c\n\n"), [100])
            .ShouldBe(["a", "c"]);

    [Fact]
    public void Lines_of_one_event_are_joined() =>
        Read("data: a\ndata:b\n\ndata: c\n\n"u8.ToArray(), [100]).ShouldBe(["a\nb", "c"]);

    [Fact]
    public void An_event_that_nobody_closed_is_the_rest() =>
        Read("data: a\n\ndata: b"u8.ToArray(), [3]).ShouldBe(["a", "b"]);

    [Fact]
    public void An_event_without_end_is_too_long_and_memory_bounded()
    {
        var reader = new SseReader();
        while (!reader.IsTooLong)
        {
            var room = reader.Room();
            room.Span.Fill((byte)'a');
            reader.Came(room.Length);
            room.Length.ShouldBeLessThanOrEqualTo(2 * SseReader.MostBytes);
        }
    }

    [Fact]
    public void A_chunk_is_read_without_allocating()
    {
        var stream = Encoding.UTF8.GetBytes(
            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
                + "tok\"},\"finish_reason\":null}],"
            + "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":3}}\n\n");
        var reader = new SseReader();
        var record = new RequestRecord();
        var answer = new AnswerState();
        // What is allocated once, on the way to the steady state, is not what a chunk costs.
        Chunks();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Chunks();
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        record.Chunks.ShouldBe(1);

        void Chunks()
        {
            for (var i = 0; i < 1000; i++)
            {
                record.Clear();
                Chunk();
            }
        }

        void Chunk()
        {
            stream.CopyTo(reader.Room());
            reader.Came(stream.Length);
            while (reader.TryTake(out var data))
                answer.Take(data, 1, record);
        }
    }

    static List<string> Read(byte[] stream, IReadOnlyList<int> reads)
    {
        var reader = new SseReader();
        var events = new List<string>();
        var at = 0;
        for (var i = 0; at < stream.Length; i++)
        {
            var room = reader.Room();
            var count = Math.Min(Math.Min(reads[i % reads.Count], room.Length), stream.Length - at);
            stream.AsMemory(at, count).CopyTo(room);
            reader.Came(count);
            at += count;
            while (reader.TryTake(out var data))
                events.Add(Encoding.UTF8.GetString(data));
        }
        if (reader.TryTakeRest(out var rest))
            events.Add(Encoding.UTF8.GetString(rest));
        return events;
    }
}
