using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.IO.Hashing;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Tuning.Tokenization;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class PromptTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("plimsoll-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The file says how long a prompt is; another implementation of tokenizers counts.</summary>
    [Fact]
    public async Task Prompts_of_a_tokenizer_file_have_exactly_the_tokens_asked_for()
    {
        var trainer = new BpeTrainer(PreTokenizer.Gpt2);
        // Two thirds of the words are one token: the others must not be used.
        var known = Vocabulary.Candidates.Where((_, i) => i % 3 != 0).ToList();
        foreach (var word in known)
        {
            for (var i = 0; i < 3; i++)
                trainer.Add(" " + word);
        }
        var tokenizer = trainer.Train(700, []);
        var file = Path.Combine(_folder, "tokenizer.json");
        File.WriteAllText(file, TokenizerFile.Write(tokenizer));
        await using var endpoint = await ScriptedEndpoint.Start();
        using var run = new BenchRun(Options(endpoint) with { Tokenizer = file });
        run.Run(CancellationToken.None).PromptLengths.ShouldStartWith("tokenizer.json");
        var counts = endpoint.Bodies.Select(body => body["messages"]![0]!["content"]!.ToString())
            .Where(text => ScriptedEndpoint.Words(text) < 48)
            .Select(text => tokenizer.Encode(text, specials: false).Count()).ToList();
        counts.Count.ShouldBe(20);
        // The endpoint counts three tokens of its template in every prompt.
        counts.ShouldAllBe(count => count == 37);
    }

    [Fact]
    public void A_file_that_is_no_tokenizer_is_named()
    {
        var file = Path.Combine(_folder, "tokenizer.json");
        File.WriteAllText(file, "{}");
        Should.Throw<Core.BadInputException>(() => new FileTokenizer(file)).Message
            .ShouldContain("is no tokenizer.json");
    }

    [Theory]
    [InlineData(512, 384)]
    [InlineData(1, 1)]
    [InlineData(33, 100)]
    public void A_generated_picture_is_a_png_of_its_size_and_of_no_other_request(int width, int height)
    {
        var png = GeneratedPicture.Png(width, height, seed: 7);
        var pixels = Pixels(png, out var size);
        size.ShouldBe((width, height));
        pixels.Length.ShouldBe(height * (1 + 3 * width));
        png.Length.ShouldBeLessThan(20_000);
        GeneratedPicture.Png(width, height, seed: 7).ShouldBe(png);
        GeneratedPicture.Png(width, height, seed: 8).ShouldNotBe(png);
    }

    [Fact]
    public async Task Generated_pictures_go_before_the_text_of_every_prompt()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        using var run = new BenchRun(Options(endpoint) with
        {
            Body = new BodyOptions { Images = 2, ImageWidth = 64, ImageHeight = 32 },
        });
        run.Run(CancellationToken.None);
        var contents = endpoint.Bodies.Select(body => body["messages"]![0]!["content"] as JsonArray)
            .OfType<JsonArray>().ToList();
        contents.Count.ShouldBe(20);
        var pictures = new HashSet<string>();
        foreach (var content in contents)
        {
            content.Select(part => part!["type"]!.GetValue<string>())
                .ShouldBe(["image_url", "image_url", "text"]);
            foreach (var part in content.Take(2))
            {
                var url = part!["image_url"]!["url"]!.GetValue<string>();
                Pixels(Convert.FromBase64String(url["data:image/png;base64,".Length..]), out var size);
                size.ShouldBe((64, 32));
                pictures.Add(url).ShouldBeTrue("no picture comes twice");
            }
        }
    }

    [Theory]
    [InlineData(2, 0.75)]
    [InlineData(4, 0.5)]
    [InlineData(8, 0)]
    public void Rows_that_are_sent_again_are_shared_whole(int rows, double share)
    {
        var file = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, rows).Select(i => $"{{\"prompt\": \"row {i}\"}}"));
        var bodies = FileBodies.Read(file, new BodyForm
        {
            Endpoint = new EndpointOptions { BaseUrl = new Uri("http://a"), Model = "m" },
            Levels = [new LevelOptions()],
        });
        Enumerable.Range(0, 8).Average(i => bodies.Build(new PlannedRequest { Index = i }).SharedShare)
            .ShouldBe(share);
    }

    [Fact]
    public async Task Rows_of_a_file_are_sent_as_they_are_with_pictures_by_url_tools_and_schemas()
    {
        const string Row = """
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
            {"type": "text", "text": "what is it"}]}], "tools": [{"type": "function", "function": {"name": "look"}}],
            "response_format": {"type": "json_object"}, "output_tokens": 5}
            """;
        var file = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(file, Row.ReplaceLineEndings("") + "\n{\"prompt\": \"a b c\"}\n");
        await using var endpoint = await ScriptedEndpoint.Start((context, body) =>
            ScriptedEndpoint.Stream(context, body, 5, _ => 0, 1));
        using var run = new BenchRun(Options(endpoint) with { DatasetPath = file });
        run.Run(CancellationToken.None).Completed.ShouldBe(20);
        var rows = endpoint.Bodies.Where(body => body["tools"] is not null).ToList();
        rows.Count.ShouldBe(10);
        foreach (var row in rows)
        {
            row["messages"]![0]!["content"]![0]!["image_url"]!["url"]!.GetValue<string>()
                .ShouldBe("https://example.org/a.png");
            row["response_format"]!["type"]!.GetValue<string>().ShouldBe("json_object");
            row["max_completion_tokens"]!.GetValue<int>().ShouldBe(5);
            row["stream"]!.GetValue<bool>().ShouldBeTrue();
            row.ContainsKey("output_tokens").ShouldBeFalse();
        }
    }

    static BenchOptions Options(ScriptedEndpoint endpoint) => new()
    {
        Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
        Levels = [new LevelOptions
        {
            Lengths = new LengthOptions(40, 5), RequestsPerSecond = 200, Requests = 20,
        }],
        Load = "test",
    };

    /// <summary>Checks every chunk's sum and unpacks the scan lines.</summary>
    static byte[] Pixels(byte[] png, out (int Width, int Height) size)
    {
        png[..8].ShouldBe([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        size = default;
        using var packed = new MemoryStream();
        var names = new List<string>();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            var chunk = png.AsSpan(at + 4, 4 + length);
            names.Add(Encoding.ASCII.GetString(chunk[..4]));
            var sum = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length));
            Crc32.HashToUInt32(chunk).ShouldBe(sum);
            if (names[^1] == "IHDR")
            {
                size = (BinaryPrimitives.ReadInt32BigEndian(chunk[4..]),
                    BinaryPrimitives.ReadInt32BigEndian(chunk[8..]));
            }
            if (names[^1] == "IDAT")
                packed.Write(chunk[4..]);
            at += 12 + length;
        }
        names.ShouldBe(["IHDR", "IDAT", "IEND"]);
        packed.Position = 0;
        using var pixels = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionMode.Decompress, leaveOpen: true))
            zlib.CopyTo(pixels);
        return pixels.ToArray();
    }
}
