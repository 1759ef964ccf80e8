using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Podvirt.Testing.Nomad.Hcl;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>An answer that is an error: plain text, as Nomad's are.</summary>
internal sealed class NomadErrorException(int status, string text) : Exception(text)
{
    public int Status { get; } = status;
}

/// <summary>One request's query parameters and body.</summary>
internal sealed class NomadRequest(HttpContext context)
{
    public HttpContext Context => context;

    public bool IsRead => HttpMethods.IsGet(context.Request.Method);

    public string Namespace => Query("namespace") is { Length: > 0 } given ? given : "default";

    public ulong Index => Query("index") is { Length: > 0 } text
        ? ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : throw new NomadErrorException(400, "Invalid index")
        : 0;

    /// <summary>As long as asked, at most ten minutes; five when nothing is asked. A sixteenth is added, as jitter is.</summary>
    public TimeSpan Wait
    {
        get
        {
            var wait = Query("wait") is { Length: > 0 } text
                ? TimeSpan.FromTicks((JobValues.Nanoseconds(text) ?? throw new NomadErrorException(400, "Invalid wait time")) / 100)
                : TimeSpan.FromMinutes(5);
            wait = wait > TimeSpan.FromMinutes(10) ? TimeSpan.FromMinutes(10) : wait;
            return wait + (wait / 16 * Random.Shared.NextDouble());
        }
    }

    public string Query(string name) => context.Request.Query[name].ToString();

    public bool Truth(string name) => Query(name) is { Length: > 0 } text && text is "true" or "1" or "t" or "T" or "TRUE" or "True";

    public bool Sees(string space) => Namespace == "*" || Namespace == space;

    public void Writes()
    {
        if (!HttpMethods.IsPut(context.Request.Method) && !HttpMethods.IsPost(context.Request.Method))
        {
            throw new NomadErrorException(405, "Invalid method");
        }
    }

    public async Task<JsonObject> BodyAsync()
    {
        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject
                ?? throw new NomadErrorException(400, "json: cannot unmarshal into Go value");
        }
        catch (JsonException)
        {
            throw new NomadErrorException(400, context.Request.ContentLength is 0 ? "Request body is empty" : "invalid character in request body");
        }
    }
}

/// <summary>What a route answers: JSON and the index that goes with it.</summary>
/// <param name="Body">Null: 404 with <paramref name="Missing"/>.</param>
internal readonly record struct NomadAnswer(JsonNode? Body, ulong Index, string Missing = "");
