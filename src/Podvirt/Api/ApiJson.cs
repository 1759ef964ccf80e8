using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Access;

namespace Podvirt.Api;

/// <summary>How <c>/api</c> speaks: snake_case, nulls written, and one shape for every error.</summary>
internal static class ApiJson
{
    /// <summary>No call of this API needs more.</summary>
    private const int BodyBytesMax = 64 * 1024;

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>The one shape of errors.</summary>
    public static Type ErrorType => typeof(ErrorBody);

    public static IResult Ok<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, Options, statusCode: status);

    public static IResult Error(int status, string code, string message, string? param = null) =>
        Ok(new ErrorBody(new ErrorDetail(message, TypeOf(status), param, code)), status);

    public static Task WriteErrorAsync(HttpContext context, int status, string code, string message) =>
        Error(status, code, message).ExecuteAsync(context);

    /// <summary>The body as a <typeparamref name="T"/>.</summary>
    /// <exception cref="ApiException">Too large, or not that.</exception>
    public static Task<T> ReadAsync<T>(HttpContext context) => ReadAsync<T>(context, BodyBytesMax);

    /// <summary>The same for a call that needs more.</summary>
    /// <exception cref="ApiException">Too large, or not that.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext context, int bytesMax)
    {
        if (context.Request.ContentLength > bytesMax)
        {
            throw TooLarge(bytesMax);
        }
        // What is announced is not believed further than that; where nothing is, the whole limit is needed.
        var buffer = new byte[(context.Request.ContentLength ?? bytesMax) + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (length > bytesMax)
        {
            throw TooLarge(bytesMax);
        }
        try
        {
            return JsonSerializer.Deserialize<T>(buffer.AsSpan(0, length), Options) ?? throw Null();
        }
        catch (JsonException error)
        {
            throw NotExpected(error);
        }
    }

    /// <summary>What was read, as a <typeparamref name="T"/>.</summary>
    /// <exception cref="ApiException">Not that.</exception>
    public static T Convert<T>(JsonElement json)
    {
        try
        {
            return json.Deserialize<T>(Options) ?? throw Null();
        }
        catch (JsonException error)
        {
            throw NotExpected(error);
        }
    }

    private static ApiException TooLarge(int bytesMax) =>
        new(StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body is larger than {bytesMax} bytes.");

    private static ApiException Null() => new(StatusCodes.Status400BadRequest, "invalid_json", "The body is null; send an object.");

    private static ApiException NotExpected(JsonException error) =>
        new(StatusCodes.Status400BadRequest, "invalid_json", $"The body is not the JSON expected here: {error.Message}");

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private sealed record ErrorBody(ErrorDetail Error);

    private sealed record ErrorDetail(string Message, string Type, string? Param, string Code);
}

/// <summary>A refusal, on its way to the caller.</summary>
internal sealed class ApiException : Exception
{
    public ApiException(int status, string code, string message, string? param = null)
        : base(message)
    {
        Status = status;
        Code = code;
        Param = param;
    }

    public int Status { get; }

    public string Code { get; }

    public string? Param { get; }

    /// <summary>When to come again; null: nothing is said.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
