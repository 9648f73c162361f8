using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class RecordReaderTests
{
    [Theory]
    [InlineData("{", "expected one JSON record")]
    [InlineData("[]", "no JSON object")]
    [InlineData("{}", "expected messages")]
    [InlineData("""{"messages":[{"role":"assistant","content":"a"}]}""", "out of order")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}]}""", "the assistant's")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":" "}]}""", "empty")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"robot","content":"b"}]}""", "role 'robot'")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0}]}""", "weight 0")]
    [InlineData("""{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":2}]}""", "weight 2")]
    [InlineData("""{"messages":[{"role":"user","content":1},{"role":"assistant","content":"b"}]}""", "wrong kind")]
    [InlineData("""{"prompt":"a"}""", "no completion")]
    [InlineData("""{"input":{"messages":[{"role":"user","content":"a"}]},"preferred_output":[]}""", "preferred_output")]
    public void A_wrong_line_is_refused_with_its_number(string line, string expected)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("d.jsonl", """{"prompt":"a","completion":"b"}""" + "\n" + line + "\n");
        var bad = Should.Throw<BadInputException>(() => RecordReader.ReadJsonl(path).ToList());
        bad.Message.ShouldStartWith(path + ":2: ");
        bad.Message.ShouldContain(expected);
        bad.Message.ShouldNotContain("\n");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n \n")]
    public void A_file_without_a_record_is_refused(string content)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("d.jsonl", content);
        Should.Throw<BadInputException>(() => RecordReader.ReadJsonl(path).ToList())
            .Message.ShouldContain("d.jsonl: empty");
    }

    [Fact]
    public void A_line_without_an_end_is_read_no_further_than_a_line_may_be_long()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "no /dev/zero here");
        Should.Throw<BadInputException>(() => RecordReader.ReadJsonl("/dev/zero").ToList())
            .Message.ShouldBe(
                "/dev/zero:1: a line of more than 16,777,216 bytes; expected one JSON record a line");
        Should.Throw<BadInputException>(() => CapturedTraffic.Read("/dev/zero", null).ToList())
            .Message.ShouldContain("expected captured traffic, one exchange a line");
    }

    [Fact]
    public void Every_format_becomes_the_same_record()
    {
        using var folder = new TemporaryFolder();
        var chat = RecordReader.Parse("""{"messages":[{"role":"user","content":"q, \"x\""},{"role":"assistant","content":"a"}]}""", "1");
        var pair = RecordReader.Parse("""{"prompt":"q, \"x\"","completion":"a"}""", "1");
        var csv = CsvRecords.Read(folder.Write("d.csv", "text,label\n\"q, \"\"x\"\"\",a\n"),
            new CsvColumns("text", "label")).Single();
        RecordJson.Of(pair).ShouldBe(RecordJson.Of(chat));
        RecordJson.Of(csv).ShouldBe(RecordJson.Of(chat));
        RecordJson.Of(RecordReader.Parse(RecordJson.Of(chat), "1")).ShouldBe(RecordJson.Of(chat));
    }

    [Fact]
    public void A_preference_pair_reads_back()
    {
        var line = """{"input":{"messages":[{"content":"q","role":"user"}]},"non_preferred_output":[{"content":"b","role":"assistant"}],"preferred_output":[{"content":"a","role":"assistant"}]}""";
        var record = RecordReader.Parse(line, "1");
        record.Chosen!.Content.ShouldBe("a");
        RecordJson.Of(record).ShouldBe(line);
    }

    [Theory]
    [InlineData("text,label\na\n", ":2: 1 columns")]
    [InlineData("text,label\n,b\n", ":2: prompt is empty")]
    [InlineData("text,other\na,b\n", "no column 'label'; expected one of text, other")]
    public void A_wrong_csv_row_is_refused(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("d.csv", content);
        Should.Throw<BadInputException>(() => CsvRecords.Read(path, new CsvColumns("text", "label")).ToList())
            .Message.ShouldContain(expected);
    }

    [Fact]
    public void Captured_exchanges_that_were_cut_short_are_left_out()
    {
        using var folder = new TemporaryFolder();
        string Line(string tenant, string finish) => """{"tenant":"T","request":{"model":"M","messages":[{"role":"user","content":"q"}],"user":"u1"},"response":{"choices":[{"finish_reason":"F","message":{"role":"assistant","content":"a"}}]}}"""
            .Replace("\"T\"", $"\"{tenant}\"")
            .Replace("\"M\"", $"\"of-{tenant}\"").Replace("\"F\"", $"\"{finish}\"");
        var path = folder.Write("t.jsonl", string.Join(
            '\n', Line("x", "stop"), Line("x", "length"), Line("y", "stop")));
        CapturedTraffic.Read(path, "x").Single().Group.ShouldBe("u1");
        CapturedTraffic.Read(path, null).Count().ShouldBe(2);
        CapturedTraffic.Read(path, null, "of-y").Count().ShouldBe(1);
        CapturedTraffic.Read(path, "x", "of-y").ShouldBeEmpty();
    }
}
