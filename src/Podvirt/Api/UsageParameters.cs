using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Core.Usage;
using Podvirt.Keys;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary>How times, filters and places among the usage records are written in an address.</summary>
internal static class UsageParameters
{
    public const string OutcomeNames = "completed, cancelled, truncated or failed";

    /// <summary>What is shown where no time was asked for.</summary>
    private static readonly TimeSpan _spanDefault = TimeSpan.FromDays(1);

    public static ApiParam Project { get; } = new("project", "Only of this project. A member with several has to say which of theirs");

    /// <summary>Of what belongs to a project.</summary>
    public static IReadOnlyList<int> Refusals { get; } = [400, 403, 404];

    public static IReadOnlyList<ApiParam> Filters { get; } =
    [
        new("from", "UTC; default a day before 'to'"), new("to", "UTC; default now"),
        new("model", "Only of this model"), new("revision", "Only of this revision", "integer"), new("key", "Only of this key; empty: only what came without one, as the console's chats do"),
        Project, new("outcome", OutcomeNames), new("source", "engine (it reported its counts), none, or quarantined (they cannot be true)"),
    ];

    /// <exception cref="ApiException">A parameter is not what it should be.</exception>
    public static async Task<UsageQuery> QueryAsync(HttpContext context, TimeProvider time, ApiKeyStore keys)
    {
        var project = Visitor.ProjectOf(context);
        var key = context.Request.Query.TryGetValue("key", out var keyed) ? keyed[0] : null;
        // To a member a key of another project is as one that never was.
        if (key is { Length: > 0 } && !Visitor.Of(context).IsAdmin && (await keys.FindAsync(key, context.RequestAborted))?.Project != project)
        {
            throw KeyEndpoints.NotFound(key, "key");
        }
        var (from, to) = Range(context, time.GetUtcNow(), _spanDefault);
        return new UsageQuery(from, to, ApiQuery.Text(context, "model"), key, project)
        {
            Revision = (int?)ApiQuery.Number(context, "revision", 0, int.MaxValue),
            Outcome = ApiQuery.Text(context, "outcome") switch
            {
                null => null,
                "completed" => UsageOutcome.Completed,
                "cancelled" => UsageOutcome.Cancelled,
                "truncated" => UsageOutcome.Truncated,
                "failed" => UsageOutcome.Failed,
                var name => throw Invalid("outcome", $"'{name}' is no outcome; choose {OutcomeNames}."),
            },
            Source = ApiQuery.Text(context, "source") switch
            {
                null => null,
                "engine" => UsageSource.Engine,
                "none" => UsageSource.None,
                "quarantined" => UsageSource.Quarantined,
                var name => throw Invalid("source", $"'{name}' is no source of counts; choose engine, none or quarantined."),
            },
        };
    }

    /// <exception cref="ApiException">No times, or in the wrong order.</exception>
    public static (DateTimeOffset From, DateTimeOffset To) Range(HttpContext context, DateTimeOffset now, TimeSpan span)
    {
        var to = Time(context, "to") ?? now;
        var from = Time(context, "from") ?? (to - DateTimeOffset.MinValue < span ? DateTimeOffset.MinValue : to - span);
        return from > to ? throw Invalid("from", "'from' is later than 'to'.") : (from, to);
    }

    /// <summary>The value of <c>after</c> that leads to the page behind a record. Opaque to its reader.</summary>
    public static string Cursor(UsageRecord record)
    {
        Span<byte> bytes = stackalloc byte[24];
        BinaryPrimitives.WriteInt64BigEndian(bytes, (record.EndedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        record.Id.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <exception cref="ApiException">Not from <see cref="Cursor"/>.</exception>
    public static RecordPlace? After(HttpContext context)
    {
        if (ApiQuery.Text(context, "after") is not { } text)
        {
            return null;
        }
        Span<byte> bytes = stackalloc byte[24];
        if (Base64Url.DecodeFromChars(text, bytes, out _, out var length) != OperationStatus.Done || length != bytes.Length
            || BinaryPrimitives.ReadInt64BigEndian(bytes) is var micros && (micros < MicrosOf(DateTimeOffset.MinValue) || micros > MicrosOf(DateTimeOffset.MaxValue)))
        {
            throw Invalid("after", "This is not the 'next' of an earlier page.");
        }
        return new RecordPlace(DateTimeOffset.UnixEpoch.AddMicroseconds(micros), new Guid(bytes[8..], bigEndian: true));
    }

    public static ApiException Invalid(string param, string message) => new(StatusCodes.Status400BadRequest, "invalid_parameter", message, param);

    private static long MicrosOf(DateTimeOffset time) => (time - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private static DateTimeOffset? Time(HttpContext context, string name)
    {
        if (ApiQuery.Text(context, name) is not { } text)
        {
            return null;
        }
        // A plus sign in a query means a space, so an offset may arrive as one.
        return DateTimeOffset.TryParse(text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : throw Invalid(name, $"'{text}' is not a time; write one such as 2026-01-31T00:00:00Z.");
    }
}
