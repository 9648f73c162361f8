using System;
using System.IO;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Catalogues;

public sealed class HuggingFaceConfigTests
{
    const string Llama = """
        {"model_type":"llama","num_hidden_layers":80,"hidden_size":8192,"num_attention_heads":64,
         "num_key_value_heads":8,"intermediate_size":28672,"vocab_size":128256,"max_position_embeddings":131072}
        """;

    const string DeepSeek = """
        {"model_type":"deepseek_v3","num_hidden_layers":61,"hidden_size":7168,"num_attention_heads":128,
         "num_key_value_heads":128,"intermediate_size":18432,"moe_intermediate_size":2048,"n_routed_experts":256,
         "n_shared_experts":1,"num_experts_per_tok":8,"first_k_dense_replace":3,"kv_lora_rank":512,
         "q_lora_rank":1536,"qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"vocab_size":129280,
         "quantization_config":{"quant_method":"fp8"}}
        """;

    const string GptOss = """
        {"model_type":"gpt_oss","num_hidden_layers":36,"hidden_size":2880,"num_attention_heads":64,
         "num_key_value_heads":8,"head_dim":64,"intermediate_size":2880,"num_local_experts":128,
         "num_experts_per_tok":4,"vocab_size":201088,"sliding_window":128,
         "quantization_config":{"quant_method":"mxfp4"}}
        """;

    const string Gemma3 = """
        {"model_type":"gemma3","mm_tokens_per_image":256,"text_config":{"model_type":"gemma3_text",
         "num_hidden_layers":62,"hidden_size":5376,"num_attention_heads":32,"num_key_value_heads":16,
         "head_dim":128,"intermediate_size":21504,"vocab_size":262144,"sliding_window":1024}}
        """;

    const string Qwen3Moe = """
        {"model_type":"qwen3_moe","num_hidden_layers":94,"hidden_size":4096,"num_attention_heads":64,
         "num_key_value_heads":4,"head_dim":128,"intermediate_size":12288,"moe_intermediate_size":1536,
         "num_experts":128,"num_experts_per_tok":8,"decoder_sparse_step":1,"vocab_size":151936,
         "sliding_window":null,"use_sliding_window":false}
        """;

    const string Mixtral = """
        {"model_type":"mixtral","num_hidden_layers":32,"hidden_size":4096,"num_attention_heads":32,
         "num_key_value_heads":8,"intermediate_size":14336,"num_local_experts":8,"num_experts_per_tok":2,
         "vocab_size":32000,"sliding_window":null}
        """;

    const string Phi4 = """
        {"model_type":"phi3","num_hidden_layers":40,"hidden_size":5120,"num_attention_heads":40,
         "num_key_value_heads":10,"intermediate_size":17920,"vocab_size":100352}
        """;

    const string Glm = """
        {"model_type":"glm4_moe","num_hidden_layers":46,"hidden_size":4096,"num_attention_heads":96,
         "num_key_value_heads":8,"head_dim":128,"intermediate_size":10944,"moe_intermediate_size":1408,
         "n_routed_experts":128,"n_shared_experts":1,"num_experts_per_tok":8,"first_k_dense_replace":1,
         "vocab_size":151552}
        """;

    // As Google publishes it: heads, vocabulary and head size are left to the class in Transformers.
    const string Gemma3Sparse = """
        {"model_type":"gemma3","mm_tokens_per_image":256,"text_config":{"model_type":"gemma3_text",
         "hidden_size":3840,"intermediate_size":15360,"num_attention_heads":16,"num_hidden_layers":48,
         "num_key_value_heads":8,"rope_scaling":{"factor":8.0,"rope_type":"linear"},"sliding_window":1024},
         "vision_config":{"hidden_size":1152,"num_hidden_layers":27,"num_attention_heads":16}}
        """;

    const string Gemma2 = """
        {"model_type":"gemma2","head_dim":256,"hidden_size":3584,"intermediate_size":14336,
         "max_position_embeddings":8192,"num_attention_heads":16,"num_hidden_layers":42,"num_key_value_heads":8,
         "sliding_window":4096,"vocab_size":256000}
        """;

    const string Qwen2 = """
        {"model_type":"qwen2","hidden_size":3584,"intermediate_size":18944,"max_position_embeddings":32768,
         "max_window_layers":28,"num_attention_heads":28,"num_hidden_layers":28,"num_key_value_heads":4,
         "sliding_window":131072,"use_sliding_window":false,"vocab_size":152064}
        """;

    const string Qwen3 = """
        {"model_type":"qwen3","head_dim":128,"hidden_size":5120,"intermediate_size":25600,
         "max_position_embeddings":40960,"max_window_layers":64,"num_attention_heads":64,"num_hidden_layers":64,
         "num_key_value_heads":8,"sliding_window":null,"use_sliding_window":false,"vocab_size":151936}
        """;

    const string Mistral = """
        {"model_type":"mistral3","text_config":{"model_type":"mistral","head_dim":128,"hidden_size":5120,
         "intermediate_size":32768,"max_position_embeddings":131072,"num_attention_heads":32,
         "num_hidden_layers":40,"num_key_value_heads":8,"sliding_window":null,"vocab_size":131072}}
        """;

    const string DeepSeekLite = """
        {"model_type":"deepseek_v2","hidden_size":2048,"intermediate_size":10944,"kv_lora_rank":512,
         "moe_intermediate_size":1408,"n_routed_experts":64,"n_shared_experts":2,"num_attention_heads":16,
         "num_experts_per_tok":6,"num_hidden_layers":27,"q_lora_rank":null,"qk_nope_head_dim":128,
         "qk_rope_head_dim":64,"v_head_dim":128,"first_k_dense_replace":1,"vocab_size":102400}
        """;

    const string Phi4Mini = """
        {"model_type":"phi3","hidden_size":3072,"intermediate_size":8192,"max_position_embeddings":131072,
         "num_attention_heads":24,"num_hidden_layers":32,"num_key_value_heads":8,"sliding_window":262144,
         "vocab_size":200064,"tie_word_embeddings":true}
        """;

    [Theory]
    [InlineData(Gemma3Sparse, 11.77, 393_216, NumberFormat.Bf16)]
    [InlineData(Gemma2, 9.24, 344_064, NumberFormat.Bf16)]
    [InlineData(Qwen2, 7.62, 57_344, NumberFormat.Bf16)]
    [InlineData(Qwen3, 32.76, 262_144, NumberFormat.Bf16)]
    [InlineData(Mistral, 23.57, 163_840, NumberFormat.Bf16)]
    [InlineData(DeepSeekLite, 15.71, 31_104, NumberFormat.Bf16)]
    [InlineData(Phi4Mini, 3.84, 131_072, NumberFormat.Bf16)]
    [InlineData(Llama, 70.55, 327_680, NumberFormat.Bf16)]
    [InlineData(DeepSeek, 671.03, 70_272, NumberFormat.Fp8)]
    [InlineData(GptOss, 116.79, 73_728, NumberFormat.Fp4)]
    [InlineData(Gemma3, 27.01, 507_904, NumberFormat.Bf16)]
    [InlineData(Qwen3Moe, 235.09, 192_512, NumberFormat.Bf16)]
    [InlineData(Mixtral, 46.70, 131_072, NumberFormat.Bf16)]
    [InlineData(Phi4, 14.66, 204_800, NumberFormat.Bf16)]
    [InlineData(Glm, 106.85, 188_416, NumberFormat.Bf16)]
    public void A_config_says_what_the_model_weighs(
        string json, double billions, double kvBytes, NumberFormat weights)
    {
        var model = Read(json);
        (model.Parameters / 1e9).ShouldBe(billions, 0.005 * billions);
        model.KvBytesPerToken(NumberFormat.Bf16).ShouldBe(kvBytes);
        model.NativeWeights.ShouldBe(weights);
    }

    [Fact]
    public void Windows_are_counted()
    {
        Read(Gemma3).Attention.WindowLayers.ShouldBe(52);
        Read(Gemma3).ImageTokens.ShouldBe(256);
        Read(GptOss).Attention.WindowLayers.ShouldBe(18);
        Read(Llama).Attention.WindowLayers.ShouldBe(0);
        Read(Gemma3Sparse).Attention.WindowLayers.ShouldBe(40);
        Read(Gemma2).Attention.WindowLayers.ShouldBe(21);
        Read(Phi4Mini).Attention.WindowLayers.ShouldBe(0, "its window is longer than its context");
    }

    [Fact]
    public void A_layer_type_that_is_unknown_is_refused_even_where_no_window_is_set() =>
        Should.Throw<BadInputException>(() => Read(Qwen3.Replace(
                "\"hidden_size\"",
                "\"layer_types\":[\"linear_attention\",\"full_attention\"],\"hidden_size\"")))
            .Message.ShouldContain("linear_attention");

    [Theory]
    [InlineData("""{"quant_method":"compressed-tensors","config_groups":{"g":{"weights":{"num_bits":8,"type":"float"}}}}""", NumberFormat.Fp8)]
    [InlineData("""{ "quant_method": "compressed-tensors", "config_groups": { "g": { "weights": { "num_bits": 4, "type": "int" } } } }""", NumberFormat.Int4)]
    [InlineData("""{"quant_method":"gptq","bits":8}""", NumberFormat.Int8)]
    [InlineData("""{ "quant_method": "awq", "bits": 4 }""", NumberFormat.Int4)]
    [InlineData("""{"quant_method":"modelopt","quant_algo":"NVFP4"}""", NumberFormat.Fp4)]
    public void Quantised_weights_are_told_however_the_file_is_spaced(
        string quantization, NumberFormat weights) =>
        Read(Qwen3.Replace("\"hidden_size\"", $"\"quantization_config\":{quantization},\"hidden_size\""))
            .NativeWeights.ShouldBe(weights);

    [Fact]
    public void An_unknown_attention_is_refused_by_name() =>
        Should.Throw<BadInputException>(() => Read(Llama.Replace("\"llama\"", "\"jamba\"")))
            .Message.ShouldContain("jamba");

    [Fact]
    public void A_damaged_config_gives_one_clear_line_or_a_model() =>
        Gen.Select(Gen.OneOf(Gen.Const(Llama), Gen.Const(DeepSeek), Gen.Const(GptOss), Gen.Const(Gemma3)),
            Gen.Int[0, 700], Gen.Int[0, 12], Gen.String[0, 4]).Sample((json, at, length, put) =>
        {
            at = Math.Min(at, json.Length);
            var damaged = json[..at] + put + json[Math.Min(json.Length, at + length)..];
            try
            {
                Read(damaged).Layers.ShouldBePositive();
            }
            catch (BadInputException bad)
            {
                bad.Message.ShouldNotContain("\n");
            }
        }, iter: 2000);

    /// <summary>What a file says of itself is quoted without its line ends and escape sequences.</summary>
    [Fact]
    public void A_quoted_value_neither_breaks_the_line_nor_steers_the_terminal() =>
        Should.Throw<BadInputException>(() => Read(Llama.Replace("\"llama\"", "\"a\\n\\u001b[2Jb\\u2028c\"")))
            .Message.ShouldContain("model type a [2Jb c is unknown");

    static ModelSpec Read(string json)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            return HuggingFaceConfig.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
