using System;
using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// The bytes before and after the prompt in one level's bodies, written once: a body is then three
/// copies and a number.
/// </summary>
sealed class BodyTemplate
{
    readonly BodyForm _form;

    public BodyTemplate(BodyForm form, LevelOptions level)
    {
        _form = form;
        Level = level;
        Head = Encoding.UTF8.GetBytes(Members() + Opening());
        Middle = Encoding.UTF8.GetBytes(Closing() + $",\"{LengthName}\":");
    }

    public LevelOptions Level { get; }

    /// <summary>Up to the prompt's text, or to the pictures before it.</summary>
    public byte[] Head { get; }

    /// <summary>From the text's end to the number of output tokens.</summary>
    public byte[] Middle { get; }

    ApiKind Api => _form.Endpoint.Api;

    string LengthName => LengthMember(Api);

    /// <summary>What the interface calls the most tokens of an answer.</summary>
    public static string LengthMember(ApiKind api) => api switch
    {
        ApiKind.Chat => "max_completion_tokens",
        ApiKind.Completions => "max_tokens",
        _ => "max_output_tokens",
    };

    /// <summary>What the interface calls the prompt.</summary>
    public static string PromptMember(ApiKind api) => api switch
    {
        ApiKind.Chat => "messages",
        ApiKind.Completions => "prompt",
        _ => "input",
    };

    /// <summary>
    /// Members that do not depend on the request: model, streaming, priority, whatever was added.
    /// </summary>
    public static JsonObject Common(BodyForm form, LevelOptions level)
    {
        var members = new JsonObject { ["model"] = form.Endpoint.Model };
        if (form.Endpoint.Stream)
        {
            members["stream"] = true;
            if (form.Endpoint.Api != ApiKind.Responses && form.Usage != UsageForm.None)
            {
                var usage = new JsonObject { ["include_usage"] = true };
                if (form.Usage == UsageForm.PerChunk)
                    usage["continuous_usage_stats"] = true;
                members["stream_options"] = usage;
            }
        }
        if (form.Options.IgnoreEos)
            members["ignore_eos"] = true;
        if (level.Priority is { } priority)
            members["priority"] = priority;
        if (level.ServiceTier is { } tier)
            members["service_tier"] = tier;
        foreach (var (name, value) in form.Options.Extra ?? [])
            members[name] = value?.DeepClone();
        return members;
    }

    /// <summary>
    /// The end of a body: the number of tokens, and as many at least where answers run to their length.
    /// </summary>
    public int WriteTail(Span<byte> target, int outputTokens)
    {
        outputTokens.TryFormat(target, out var written, provider: CultureInfo.InvariantCulture);
        if (_form.Options.IgnoreEos)
        {
            ",\"min_tokens\":"u8.CopyTo(target[written..]);
            written += ",\"min_tokens\":".Length;
            outputTokens.TryFormat(target[written..], out var more, provider: CultureInfo.InvariantCulture);
            written += more;
        }
        target[written++] = (byte)'}';
        return written;
    }

    string Members()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            Common(_form, Level).WriteTo(writer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan)[..^1] + ",";
    }

    string Opening() => Api switch
    {
        ApiKind.Completions => "\"prompt\":\"",
        ApiKind.Chat when _form.Options.Images > 0 => "\"messages\":[{\"role\":\"user\",\"content\":[",
        ApiKind.Chat => "\"messages\":[{\"role\":\"user\",\"content\":\"",
        _ => "\"input\":\"",
    };

    string Closing() => Api switch
    {
        ApiKind.Chat when _form.Options.Images > 0 => "\"}]}]",
        ApiKind.Chat => "\"}]",
        _ => "\"",
    };
}
