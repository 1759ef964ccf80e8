using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Videos;

/// <summary>A form as it came: its fields, and the beginning of its file, of which the rest is read and let go.</summary>
/// <param name="Fields">The last one of a name counts.</param>
/// <param name="Reference">Null without a file; else at most <see cref="HeadBytes"/>, enough to tell what it is.</param>
internal sealed record VideoForm(IReadOnlyDictionary<string, string> Fields, byte[]? Reference)
{
    private const int HeadBytes = 16;
    private const int FieldBytesMax = 1 << 20;
    private const int FieldsMax = 1_000;
    private const string FileField = "input_reference";

    /// <summary>Anything but a form, JSON for one, has no fields.</summary>
    /// <exception cref="RequestException">The form is broken, or too much for the engine.</exception>
    public static async Task<VideoForm> ReadAsync(HttpContext context)
    {
        var token = context.RequestAborted;
        var type = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var parsed) ? parsed : null;
        try
        {
            if (type is { MediaType.Value: "application/x-www-form-urlencoded" })
            {
                using var reader = new FormReader(context.Request.Body) { ValueCountLimit = FieldsMax, ValueLengthLimit = FieldBytesMax };
                var values = await reader.ReadFormAsync(token);
                return new VideoForm(values.ToDictionary(pair => pair.Key, pair => pair.Value[^1] ?? ""), null);
            }

            if (type is { MediaType.Value: "multipart/form-data" })
            {
                var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
                return string.IsNullOrEmpty(boundary)
                    ? throw RequestException.Http(StatusCodes.Status400BadRequest, "Missing boundary in multipart.")
                    : await ReadPartsAsync(new MultipartReader(boundary, context.Request.Body, 64 << 10), token);
            }
        }
        catch (Exception exception) when (exception is InvalidDataException || (exception is IOException && !token.IsCancellationRequested))
        {
            throw RequestException.Http(StatusCodes.Status400BadRequest, $"There was an error parsing the body: {exception.Message}");
        }

        return new VideoForm(new Dictionary<string, string>(), null);
    }

    private static async Task<VideoForm> ReadPartsAsync(MultipartReader reader, CancellationToken token)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        byte[]? reference = null;
        for (var parts = 0; await reader.ReadNextSectionAsync(token) is { } section; parts++)
        {
            if (parts == FieldsMax)
            {
                throw RequestException.Http(StatusCodes.Status400BadRequest, $"Too many fields. Maximum number of fields is {FieldsMax}.");
            }

            var disposition = section.GetContentDispositionHeader();
            var name = HeaderUtilities.RemoveQuotes(disposition?.Name ?? default).Value;
            if (string.IsNullOrEmpty(name))
            {
                throw RequestException.Http(StatusCodes.Status400BadRequest, "The Content-Disposition header field \"name\" must be provided.");
            }

            if (disposition!.FileName.HasValue || disposition.FileNameStar.HasValue)
            {
                var head = await ReadHeadAsync(section.Body, token);
                reference = name == FileField ? head : reference;
                continue;
            }

            fields[name] = await ReadFieldAsync(section.Body, token);
        }

        return new VideoForm(fields, reference);
    }

    private static async Task<string> ReadFieldAsync(Stream body, CancellationToken token)
    {
        using var field = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            while (await body.ReadAsync(buffer, token) is > 0 and var read)
            {
                if (field.Length + read > FieldBytesMax)
                {
                    throw RequestException.Http(StatusCodes.Status400BadRequest, $"Part exceeded maximum size of {FieldBytesMax >> 10}KB.");
                }

                field.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return Encoding.UTF8.GetString(field.GetBuffer(), 0, (int)field.Length);
    }

    private static async Task<byte[]> ReadHeadAsync(Stream body, CancellationToken token)
    {
        var head = new byte[HeadBytes];
        var length = await body.ReadAtLeastAsync(head, HeadBytes, throwOnEndOfStream: false, token);
        await body.CopyToAsync(Stream.Null, token);
        return head[..length];
    }
}
