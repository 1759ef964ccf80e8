using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Models;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Routing;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Takes a request in: authenticate, read, peek, find the model, admit. What is wrong with a request is said here,
/// before anything is parked or started for it.
/// </summary>
internal sealed class InferenceHandler(
    Authenticator authenticator, RouteDirectory routes, Forwarder forwarder, UsageRecorder recorder, GatewayDrain drain, GatewayOptions options, TimeProvider time)
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    // Longest model id that is looked up; the catalog refuses longer ones.
    private const int ModelIdCharsMax = 256;

    // Peeking takes about 2 ms a megabyte. On an IO thread a larger body would show in the gaps of its other streams.
    private const int InlineBytesMax = 128 * 1024;

    /// <param name="known">Who calls, where that is already established (the console); null: the key decides.</param>
    public async Task HandleAsync(HttpContext context, Surface surface, Caller? known)
    {
        // 1. Identify.
        var began = time.GetTimestamp();
        var id = RequestIds.Assign(context, time);

        // 2. Authenticate.
        var caller = known;
        if (caller is null)
        {
            (caller, var refusal) = await authenticator.AuthenticateAsync(context);
            if (caller is null)
            {
                await ApiErrorWriter.WriteReplyAsync(context, refusal!);
                return;
            }
        }
        var authenticated = time.GetElapsedTime(began);

        // 3. Read.
        var (body, error) = await ReadAsync(context);
        if (body is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, error!);
            return;
        }
        using (body)
        {
            if (body.Bytes.Length > InlineBytesMax)
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }

            // 4. Peek, find, admit.
            error = Admit(context, surface, caller, id, body, out var exchange, out var maxWait);
            if (exchange is null)
            {
                await ApiErrorWriter.WriteReplyAsync(context, error!);
                return;
            }

            // 5. Serve.
            exchange.Authenticated = authenticated;
            await forwarder.ServeAsync(exchange, maxWait);
        }
    }

    private async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(HttpContext context)
    {
        if (drain.IsDraining)
        {
            return (null, ApiErrors.ShuttingDown);
        }
        if (!recorder.IsHealthy)
        {
            return (null, ApiErrors.UsageNotKept);
        }
        if (!await FirstNews.HasComeAsync(routes.FirstTable, time, context.RequestAborted))
        {
            return (null, ApiErrors.NotReady);
        }
        return await RequestBody.ReadAsync(context, options.BodyBytesMax);
    }

    private ApiError? Admit(
        HttpContext context, Surface surface, Caller caller, Guid id, RequestBody owner, out Exchange? exchange, out TimeSpan? maxWait)
    {
        exchange = null;
        maxWait = null;
        var body = owner.Bytes;
        if (RequestPeeker.Peek(body.Span, surface.Kind, out var request) is { } wrong)
        {
            var code = wrong.Param is null ? "invalid_json" : "invalid_value";
            return new ApiError(StatusCodes.Status400BadRequest, ApiError.InvalidRequest, code, wrong.Message, wrong.Param);
        }
        if (!TryFindModel(body.Span, request.Model, out var dispatcher, out var modelId))
        {
            return modelId is null ? ApiErrors.NotText : ApiErrors.UnknownModel(modelId);
        }
        if (CheckType(surface, dispatcher.Model) is { } wrongType)
        {
            return wrongType;
        }
        if (ReadMaxWait(context, out maxWait) is { } badWait)
        {
            return badWait;
        }
        if (ReadSession(context, surface, caller, body.Span, request, out var session) is { } badSession)
        {
            return badSession;
        }
        exchange = new Exchange(context, id, surface, time)
        {
            Caller = caller,
            Body = body,
            BodyOwner = owner,
            Request = request,
            Dispatcher = dispatcher,
            Session = session,
        };
        return null;
    }

    // The id comes out null where the bytes are no text.
    private bool TryFindModel(
        ReadOnlySpan<byte> body, ByteRange range, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ModelDispatcher? dispatcher, out string? modelId)
    {
        modelId = "";
        var quoted = range.Of(body);
        var raw = quoted[1..^1];
        if (raw.Length <= ModelIdCharsMax && raw.IndexOf((byte)'\\') < 0)
        {
            Span<char> chars = stackalloc char[ModelIdCharsMax];
            var written = Encoding.UTF8.GetChars(raw, chars);
            if (routes.TryFind(chars[..written], out dispatcher))
            {
                return true;
            }
        }

        // Escapes, or an unknown name: rare enough to be spelled out.
        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        try
        {
            modelId = reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            (modelId, dispatcher) = (null, null);
            return false;
        }
        return routes.TryFind(modelId, out dispatcher);
    }

    private static ApiError? CheckType(Surface surface, ModelSpec model) => (model.Type, surface.Kind) switch
    {
        (ModelType.VideoGeneration, _) => ApiErrors.VideoNotServed(model),
        (ModelType.Embedding, not RequestSurface.Embeddings) => ApiErrors.WrongModelType(model, "POST /v1/embeddings"),
        (not ModelType.Embedding, RequestSurface.Embeddings) => ApiErrors.WrongModelType(model, "POST /v1/chat/completions"),
        _ => null,
    };

    private static ApiError? ReadMaxWait(HttpContext context, out TimeSpan? maxWait)
    {
        maxWait = null;
        var value = (string?)context.Request.Headers["X-Podvirt-Max-Wait"];
        if (value is null)
        {
            return null;
        }
        // Digits only: the parser would take words like Infinity, too.
        if (value.AsSpan().ContainsAnyExcept(s_digits)
            || !double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return ApiErrors.BadMaxWait(value);
        }

        // Any time longer than the gateway's own means the gateway's own.
        maxWait = TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue));
        return null;
    }

    private static ApiError? ReadSession(
        HttpContext context, Surface surface, Caller caller, ReadOnlySpan<byte> body, in PeekedRequest request, out ulong session)
    {
        var value = (string?)context.Request.Headers["X-Podvirt-Session-Id"];
        if (string.IsNullOrEmpty(value))
        {
            var bytesMax = surface.Kind == RequestSurface.Completions ? SessionHash.PromptBytesMax : int.MaxValue;
            session = SessionHash.OfConversation(caller.Key, body, request, bytesMax);
            return null;
        }
        session = 0;
        if (value.Length > SessionHash.SessionIdBytesMax || value.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            return ApiErrors.SessionIdTooLong(SessionHash.SessionIdBytesMax);
        }
        session = SessionHash.OfHeader(caller.Project, value);
        context.Response.Headers["x-podvirt-session-id"] = value;
        return null;
    }
}

/// <summary>Gives every request its id.</summary>
internal static class RequestIds
{
    public static Guid Assign(HttpContext context, TimeProvider time)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        context.Response.Headers["x-request-id"] = id.ToString();
        return id;
    }
}
