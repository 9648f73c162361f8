using System.IO;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class ModelFolderTests
{
    [Theory]
    [InlineData("config.json", "\"model_type\": \"llama\"", "\"model_type\": \"gpt_bigcode\"",
        "model_type gpt_bigcode; expected llama, qwen2 or qwen3")]
    [InlineData("config.json", "\"model_type\"",
        "\"rope_scaling\": {\"rope_type\":\"llama3\"}, \"model_type\"",
        "expected a Hugging Face config.json")]
    [InlineData("config.json", "{", "[", "expected a Hugging Face config.json")]
    [InlineData("tokenizer.json", "\"vocab\":{", "\"vocab\":{\"plimsoll\":2147483647,",
        "a token of id 2147483647")]
    [InlineData("tokenizer.json", "\"vocab\":{", "\"vocab\":{\"plimsoll\":1,\"plimsoll\":2,",
        "byte-level BPE")]
    [InlineData("tokenizer_config.json", "{", "", "tokenizer_config.json: ")]
    [InlineData("tokenizer_config.json", "chat_template", "no_template", "no chat template")]
    [InlineData("model.safetensors.index.json", "", "{\"weight_map\":{\"x\":\"shard.safetensors\"}}",
        "shard.safetensors")]
    public void A_part_that_is_wrong_is_one_line_with_its_file(
        string file, string before, string after, string expected)
    {
        using var folder = new TemporaryFolder();
        var path = new TinyJob(folder).Model(Architecture.Llama);
        // The tokenizer's own configuration has the template then.
        File.Delete(Path.Combine(path, ModelFolder.TemplateFile));
        ModelFolder.Open(path).Dispose();
        var part = Path.Combine(path, file);
        var text = File.Exists(part) ? File.ReadAllText(part) : "";
        text.ShouldContain(before);
        var at = text.IndexOf(before, System.StringComparison.Ordinal);
        File.WriteAllText(part, text[..at] + after + text[(at + before.Length)..]);
        var bad = Should.Throw<BadInputException>(() => ModelFolder.Open(path).Dispose());
        bad.Message.ShouldContain(path);
        bad.Message.ShouldContain(expected);
        bad.Message.ShouldNotContain("\n");
    }
}
