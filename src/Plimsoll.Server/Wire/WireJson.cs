using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plimsoll.Server.Wire;

/// <summary>
/// JSON as OpenAI and vLLM send it: text in UTF-8, a quote in it as a quote. The escapes that .NET writes by
/// default are for JSON inside a page, which this never is, and make a Chinese answer twice as long. Only
/// emoji stay escaped.
/// </summary>
static class WireJson
{
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    public static readonly JsonWriterOptions Options = new() { Encoder = Encoder };
}
