using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Models;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Idempotency;
using Podvirt.Gateway.Relay;
using Podvirt.Gateway.Responses;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Videos;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Takes a request in: authenticate, check its headers, read, peek, find the model, admit. What is wrong with a request
/// is said here, before anything is parked or started for it.
/// </summary>
internal sealed class InferenceHandler(
    Authenticator authenticator, RouteDirectory routes, RateBoard rates, RateWatch rateWatch, Forwarder forwarder, UsageRecorder recorder, Accounts accounts, AccountWatch watch,
    AdmissionControl admission, IdempotencyGate idempotency, KeptResponses kept, GatewayDrain drain, VideoChat videoChat, GatewayOptions options, TimeProvider time)
{
    // Longest model id that is looked up; the catalog refuses longer ones.
    private const int ModelIdCharsMax = 256;

    // Peeking takes about 2 ms a megabyte. On an IO thread a larger body would show in the gaps of its other streams.
    private const int InlineBytesMax = 128 * 1024;

    // As long as Kestrel lingers while it is not stopping.
    private static readonly TimeSpan s_lingerTime = TimeSpan.FromSeconds(5);

    /// <param name="known">Who calls, where that is already established (the console); null: the key decides.</param>
    public async Task HandleAsync(HttpContext context, Surface surface, Caller? known)
    {
        // 1. Identify.
        var began = time.GetTimestamp();
        var id = RequestIds.Assign(context, time);
        if (surface.IsAnthropics)
        {
            context.Response.Headers["request-id"] = context.Response.Headers["x-request-id"];
        }
        if (ClientHeaders.CheckFraming(context.Request) is { } unclear)
        {
            await RefuseUnreadAsync(context, unclear);
            return;
        }

        // 2. Authenticate.
        var caller = known;
        if (caller is null)
        {
            (caller, var refusal) = await authenticator.AuthenticateAsync(context, surface.IsAnthropics);
            if (caller is null)
            {
                await RefuseUnreadAsync(context, refusal!);
                return;
            }
        }
        var authenticated = time.GetElapsedTime(began);

        // 3. Check what can be known without the body. A client that waits for leave to send it has not got it so far.
        var error = ClientHeaders.Read(context.Request, options.BodyBytesMax, out var headers) ?? await CheckGatewayAsync(context);
        if (error is not null)
        {
            await RefuseUnreadAsync(context, error);
            return;
        }

        // 4. Read.
        (var body, error) = await RequestBody.ReadAsync(context, options, time, drain.Began);
        if (body is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, error!);
            await LetGoAsync(context);
            return;
        }
        using (body)
        {
            if (body.Bytes.Length > InlineBytesMax)
            {
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            }

            // 5. Serve, unless it is a retry.
            await (headers.IdempotencyKey.Length == 0
                ? ServeAsync(context, surface, caller, id, headers, body, authenticated, capture: null)
                : ServeOnceAsync(context, surface, caller, id, headers, body, authenticated));
        }
    }

    // Apart from the others, who need no closure.
    private Task ServeOnceAsync(
        HttpContext context, Surface surface, Caller caller, Guid id, ClientHeaders headers, RequestBody body, TimeSpan authenticated) => idempotency.ServeAsync(
            context, caller, surface, headers.IdempotencyKey, body.Bytes,
            capture => ServeAsync(context, surface, caller, id, headers, body, authenticated, capture));

    private async Task ServeAsync(
        HttpContext context, Surface surface, Caller caller, Guid id, ClientHeaders headers, RequestBody body, TimeSpan authenticated, ReplyCapture? capture)
    {
        // 6. Peek, find, admit.
        var error = Admit(context, surface, caller, id, headers, body, capture, out var exchange, out var video, out var unknown);
        if (unknown is not null && await kept.FetchAsync(caller.Project, unknown, context.RequestAborted))
        {
            error = Admit(context, surface, caller, id, headers, body, capture, out exchange, out video, out _);
        }
        if (video is not null)
        {
            await videoChat.ServeAsync(context, caller, id, body.Bytes, video);
            return;
        }
        if (exchange is null)
        {
            await ApiErrorWriter.WriteReplyAsync(context, error!);
            return;
        }

        // 7. Forward. What the record has not settled by then is given back.
        using var reserved = exchange.Reservation;
        exchange.Authenticated = authenticated;
        await forwarder.ServeAsync(exchange, headers.MaxWait);
    }

    // Who waits for a 100 and gets this instead may send its body or not, and where a body ends that nobody can tell is
    // not to be guessed: in both cases nothing that follows is read as a request.
    private async Task RefuseUnreadAsync(HttpContext context, ApiError error)
    {
        var awaits = string.Equals(context.Request.Headers.Expect, "100-continue", StringComparison.OrdinalIgnoreCase);
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && (awaits || error == ApiErrors.BadFraming))
        {
            context.Response.Headers.Connection = "close";
        }
        await ApiErrorWriter.WriteReplyAsync(context, error);
        await LetGoAsync(context);
    }

    // What is left of a body after its answer the host reads and throws away, for a few seconds; but without end once it
    // stops itself, and one client could hold up its end.
    private async Task LetGoAsync(HttpContext context)
    {
        if (drain.IsDraining && !await RequestBody.TryDrainAsync(context, s_lingerTime, time))
        {
            context.Abort();
        }
    }

    private async ValueTask<ApiError?> CheckGatewayAsync(HttpContext context)
    {
        if (drain.IsDraining)
        {
            return ApiErrors.ShuttingDown;
        }
        if (!recorder.IsHealthy)
        {
            return ApiErrors.UsageNotKept;
        }
        return await FirstNews.HasComeAsync(routes.FirstTable, time, context.RequestAborted)
            && await FirstNews.HasComeAsync(rateWatch.FirstListing, time, context.RequestAborted)
            && await FirstNews.HasComeAsync(watch.Ready, time, context.RequestAborted)
            ? null
            : ApiErrors.NotReady;
    }

    // Unknown: the response that it goes on from, where this gateway does not know it.
    private ApiError? Admit(
        HttpContext context, Surface surface, Caller caller, Guid id, in ClientHeaders headers, RequestBody owner, ReplyCapture? capture,
        out Exchange? exchange, out VideoTurn? video, out string? unknown)
    {
        exchange = null;
        unknown = null;
        video = null;
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
        if (surface == Surface.ChatCompletions && dispatcher.Model.Type == ModelType.VideoGeneration)
        {
            video = new VideoTurn(dispatcher, request.Stream, request.WantsUsage);
            return null;
        }
        if (CheckType(surface, dispatcher.Model) is { } wrongType)
        {
            return wrongType;
        }
        if (FindPrevious(body.Span, request.PreviousResponse, caller, dispatcher.Model.Id, out var previous, out unknown) is { } notThere)
        {
            return notThere;
        }
        var session = SessionOf(context, surface, caller, headers.SessionId, body.Span, request);
        var model = dispatcher.Model.Id;
        if (admission.Admit(context.Response, accounts.KeyOf(caller), model, request, body.Length, surface, out var reservation) is { } limited)
        {
            return limited;
        }
        exchange = new Exchange(context, id, surface, time)
        {
            Caller = caller,
            Body = body,
            BodyOwner = owner,
            Request = request,
            Dispatcher = dispatcher,
            Reservation = reservation,
            Capture = capture,
            Kept = surface.Kind == RequestSurface.Responses && !request.IsNotStored ? kept : null,
            Previous = previous,
            Session = session,
            Rates = headers.WantsCost ? rates : null,
        };
        return null;
    }

    private static ulong SessionOf(HttpContext context, Surface surface, Caller caller, string sessionId, ReadOnlySpan<byte> body, in PeekedRequest request)
    {
        if (sessionId.Length == 0)
        {
            var bytesMax = surface.Kind == RequestSurface.Completions ? SessionHash.PromptBytesMax : int.MaxValue;
            return SessionHash.OfConversation(caller.Key, body, request, bytesMax);
        }
        context.Response.Headers["x-podvirt-session-id"] = sessionId;
        return SessionHash.OfHeader(caller.Project, sessionId);
    }

    private ApiError? FindPrevious(ReadOnlySpan<byte> body, ByteRange range, Caller caller, string model, out KeptResponse? previous, out string? unknown)
    {
        previous = null;
        unknown = null;
        if (!range.IsPresent)
        {
            return null;
        }
        var reader = new Utf8JsonReader(range.Of(body));
        reader.Read();
        string id;
        try
        {
            id = reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // Half a character: no engine has made such an id.
            id = Encoding.UTF8.GetString(reader.ValueSpan);
        }
        if (!kept.TryFind(caller.Project, id, out previous))
        {
            unknown = id;
            return ApiErrors.ResponseUnknown(id);
        }
        return previous.Model == model ? null : ApiErrors.ResponseOfAnotherModel(id, previous.Model);
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

    private static ApiError? CheckType(Surface surface, ModelSpec model) =>
        !surface.Models.Contains(model.Type) ? ApiErrors.WrongModelType(model, Surface.UseOf(model.Type))
        : surface.Lacking.Contains(model.Engine.Kind) ? ApiErrors.EngineLacks(model, surface.Path)
        : null;
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
