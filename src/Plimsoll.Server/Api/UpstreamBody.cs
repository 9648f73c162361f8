using System;
using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using Plimsoll.Core.Scheduling;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary>A request as a replica is to have it.</summary>
static class UpstreamBody
{
    /// <summary>
    /// The body under the replica's own name of the model, with a priority where it knows them.
    /// </summary>
    /// <param name="adapter">Whether the body names an adapter that the replica holds.</param>
    /// <param name="asStream">Whether to ask for a stream with usage, whatever the client asked for.</param>
    public static ReadOnlyMemory<byte> For(
        JsonElement body, UpstreamReplica replica, Level level, bool adapter, bool asStream = false)
    {
        var raw = JsonMarshal.GetRawUtf8Value(body);
        if (!asStream && !replica.Config.Priority && IsUntouched(body, replica, adapter))
            return raw.ToArray();
        var buffer = new ArrayBufferWriter<byte>(raw.Length + 128);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            writer.WriteStartObject();
            foreach (var property in body.EnumerateObject())
            {
                if (property.NameEquals("model"u8) && replica.Config.Model is not null && !adapter)
                    writer.WriteString("model"u8, replica.Config.Model);
                else if (!IsOurs(property, asStream))
                    property.WriteTo(writer);
            }
            if (asStream)
            {
                writer.WriteBoolean("stream"u8, true);
                WriteUsageOption(writer, body);
            }
            if (replica.Config.Priority)
                writer.WriteNumber("priority"u8, PriorityOf(level));
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    /// <summary>Responses have their usage in the last event, asked or not.</summary>
    static void WriteUsageOption(Utf8JsonWriter writer, JsonElement body)
    {
        if (body.TryGetProperty("input", out _))
            return;
        writer.WriteStartObject("stream_options"u8);
        writer.WriteBoolean("include_usage"u8, true);
        writer.WriteEndObject();
    }

    /// <summary>Whether nothing in a body is the gateway's own: most pass as the client wrote them.</summary>
    static bool IsUntouched(JsonElement body, UpstreamReplica replica, bool adapter)
    {
        foreach (var property in body.EnumerateObject())
        {
            if (IsOurs(property, asStream: false)
                || (property.NameEquals("model"u8) && replica.Config.Model is not null && !adapter))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>A piece of the prompt as a request; null where it cannot be cut.</summary>
    public static ReadOnlyMemory<byte>? Slice(
        JsonElement body, UpstreamReplica replica, Level level, double share, bool adapter) =>
        PromptSlices.Cut(body, (adapter ? null : replica.Config.Model) ?? body.Required("model"), share,
            replica.Config.Priority ? PriorityOf(level) : null);

    static bool IsOurs(JsonProperty property, bool asStream) =>
        property.NameEquals("service_tier"u8) || property.NameEquals("priority"u8)
        || (asStream && (property.NameEquals("stream"u8) || property.NameEquals("stream_options"u8)));

    static int PriorityOf(Level level) => level.Class == ServiceClass.Batch ? 1 : 0;
}
