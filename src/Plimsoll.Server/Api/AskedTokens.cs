using System.Runtime.InteropServices;
using System.Text.Json;
using Plimsoll.Core.Models;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>How much a body asks for at most, told without a tokenizer.</summary>
/// <param name="Prompt">Tokens of its text and its images, about.</param>
/// <param name="Output">Tokens of all its answers; one that nobody limits counts as a usual one.</param>
readonly record struct AskedTokens(long Prompt, long Output)
{
    const int BytesPerToken = 4;

    /// <param name="model">What answers it; null where that is not known.</param>
    public static AskedTokens Of(string endpoint, JsonElement body, ModelSpec? model = null)
    {
        var (bytes, images) = (JsonMarshal.GetRawUtf8Value(body).Length, 0L);
        foreach (var image in BodyImages.In(body))
        {
            bytes -= BodyImages.BytesOf(image);
            images += BodyImages.TokensOf(image, model);
        }
        var prompt = (bytes / BytesPerToken) + images;
        if (endpoint == "/v1/embeddings")
            return new(prompt, 0);
        var answers = (long)(body.Whole("n", 1, RequestReader.MostChoices) ?? 1) * PromptsOf(body);
        return new(prompt, answers * (LimitOf(body) ?? CompletionEndpoints.UsualOutputTokens));
    }

    /// <summary>The longest answer that a body allows; null where it says nothing.</summary>
    public static int? LimitOf(JsonElement body) =>
        body.Whole("max_completion_tokens", 1, int.MaxValue / 2)
        ?? body.Whole("max_tokens", 0, int.MaxValue / 2)
        ?? body.Whole("max_output_tokens", 1, int.MaxValue / 2);

    /// <summary>A list of numbers is one prompt, a list of anything else has one each.</summary>
    static int PromptsOf(JsonElement body) =>
        body.TryGetProperty("prompt", out var prompt) && prompt.ValueKind == JsonValueKind.Array
            && prompt.GetArrayLength() is > 0 and var count && prompt[0].ValueKind != JsonValueKind.Number
            ? count : 1;
}
