using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Affinity;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// The little that a client's headers decide, checked before a byte of its body is asked for. All other headers are
/// ignored: none is believed, and none travels to an engine.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ClientHeaders
{
    private const string MaxWaitName = "X-Podvirt-Max-Wait";
    private const string SessionIdName = "X-Podvirt-Session-Id";
    private const string UsageCostName = "X-Podvirt-Usage-Cost";
    private const string IdempotencyKeyName = "Idempotency-Key";

    // As others have it who take this header.
    private const int IdempotencyKeyCharsMax = 255;

    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    /// <summary>The longest wait for a replica; null: the gateway's own.</summary>
    public TimeSpan? MaxWait { get; private set; }

    /// <summary>The session's name; empty: there is none.</summary>
    public string SessionId { get; private set; }

    /// <summary>By which a retry is known as one; empty: there is none.</summary>
    public string IdempotencyKey { get; private set; }

    /// <summary>Wants to be told what its answer costs.</summary>
    public bool WantsCost { get; private set; }

    /// <returns>Null when they are good; else why not.</returns>
    public static ApiError? Read(HttpRequest request, long bodyBytesMax, out ClientHeaders headers)
    {
        headers = new ClientHeaders { SessionId = "", IdempotencyKey = "" };
        return RequestBody.CheckAnnounced(request, bodyBytesMax)
            ?? headers.ReadMaxWait(request)
            ?? headers.ReadSessionId(request)
            ?? headers.ReadUsageCost(request)
            ?? headers.ReadIdempotencyKey(request);
    }

    /// <summary>
    /// Whether everybody sees the same end of the body. The host takes any list of codings that ends in chunked, and a
    /// length beside them; a proxy before it may see another end, and what is behind that as somebody else's request.
    /// </summary>
    /// <returns>Null when it is clear; else what to say before the connection is closed.</returns>
    public static ApiError? CheckFraming(HttpRequest request)
    {
        var coding = request.Headers.TransferEncoding;
        if (coding.Count == 0)
        {
            return null;
        }
        // Where there are both, the host has put the length under another name by now.
        var hasLength = request.ContentLength is not null || request.Headers.ContainsKey("X-Content-Length");
        return hasLength || !string.Equals(coding, "chunked", StringComparison.OrdinalIgnoreCase) ? ApiErrors.BadFraming : null;
    }

    private ApiError? ReadMaxWait(HttpRequest request)
    {
        var value = (string?)request.Headers[MaxWaitName];
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
        MaxWait = TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue));
        return null;
    }

    private ApiError? ReadIdempotencyKey(HttpRequest request)
    {
        var values = request.Headers[IdempotencyKeyName];
        if (values.Count == 0)
        {
            return null;
        }
        if (values.Count > 1)
        {
            return ApiErrors.TwoIdempotencyKeys;
        }
        var value = (string?)values ?? "";
        if (value.Length is 0 or > IdempotencyKeyCharsMax || value.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            return ApiErrors.BadIdempotencyKey;
        }
        IdempotencyKey = value;
        return null;
    }

    private ApiError? ReadSessionId(HttpRequest request)
    {
        var values = request.Headers[SessionIdName];
        if (values.Count > 1)
        {
            return ApiErrors.TwoSessionIds;
        }
        var value = (string?)values ?? "";
        if (value.Length > SessionHash.SessionIdBytesMax || value.AsSpan().IndexOfAnyExceptInRange(' ', '~') >= 0)
        {
            return ApiErrors.SessionIdTooLong(SessionHash.SessionIdBytesMax);
        }
        SessionId = value;
        return null;
    }

    private ApiError? ReadUsageCost(HttpRequest request)
    {
        var value = (string?)request.Headers[UsageCostName];
        WantsCost = value == "true";
        return WantsCost || value is null or "false" ? null : ApiErrors.BadUsageCost(value);
    }
}
