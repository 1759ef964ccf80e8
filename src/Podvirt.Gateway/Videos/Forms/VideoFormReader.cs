using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos.Forms;

/// <summary>
/// Reads a request for a video, <c>multipart/form-data</c> or JSON, into its spool, part by part: what is held of it is one buffer and the
/// few fields that are looked at.
/// </summary>
internal sealed class VideoFormReader(GatewayOptions options, GatewayDrain drain, TimeProvider time)
{
    private const int BufferBytes = 64 * 1024;
    private const int BoundaryCharsMax = 128;
    private const int PartHeadersMax = 16;
    private const int PartHeaderBytesMax = 16 * 1024;

    // A text field that is longer is refused; one byte more is enough to see it.
    private const int TextBytesMax = (VideoForm.PromptCharsMax * 4) + 1;

    /// <returns>The form, or why there is none.</returns>
    public async Task<(VideoForm? Form, ApiError? Error)> ReadAsync(HttpContext context, SpoolFile spool)
    {
        try
        {
            return (await ReadFormAsync(context, spool), null);
        }
        catch (FormRefusedException e)
        {
            return (null, e.Error);
        }
        catch (BadHttpRequestException e)
        {
            return (null, new ApiError(e.StatusCode, ApiError.InvalidRequest, "bad_request", e.Message));
        }
        catch (InvalidDataException e)
        {
            return (null, VideoErrors.InvalidForm(e.Message));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return (null, ApiErrors.BodyAborted);
        }
    }

    private async Task<VideoForm> ReadFormAsync(HttpContext context, SpoolFile spool)
    {
        var form = new VideoForm(spool, VideoForm.NewBoundary());
        using var body = new PacedBody(context, options, time, drain.Began);
        if (context.Request.HasJsonContentType())
        {
            await ReadJsonAsync(body, form);
            return form;
        }
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= BoundaryCharsMax } boundary)
        {
            throw new FormRefusedException(VideoErrors.WrongContentType);
        }
        await ReadPartsAsync(body, boundary, form);
        return form;
    }

    private static async Task ReadPartsAsync(PacedBody body, string boundary, VideoForm form)
    {
        var reader = new MultipartReader(boundary, body, BufferBytes) { HeadersCountLimit = PartHeadersMax, HeadersLengthLimit = PartHeaderBytesMax };
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytes, TextBytesMax));
        try
        {
            while (await reader.ReadNextSectionAsync() is { } part)
            {
                if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition)
                    || !disposition.DispositionType.Equals("form-data", StringComparison.OrdinalIgnoreCase))
                {
                    throw new FormRefusedException(VideoErrors.InvalidForm("A part is no form-data."));
                }
                var name = HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? "";
                var fileName = disposition.FileNameStar.HasValue ? disposition.FileNameStar : disposition.FileName;
                if (fileName.HasValue)
                {
                    await form.AddFileAsync(name, HeaderUtilities.RemoveQuotes(fileName).Value!, part.ContentType, part.Body, buffer);
                    continue;
                }
                var length = await part.Body.ReadAtLeastAsync(buffer.AsMemory(0, TextBytesMax), TextBytesMax, throwOnEndOfStream: false);
                await form.AddAsync(name, buffer.AsMemory(0, length));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task ReadJsonAsync(PacedBody body, VideoForm form)
    {
        // A call without files is as large as any other call.
        var limit = (int)Math.Min(options.BodyBytesMax, options.Videos.UploadBytesMax);
        using var text = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int read;
            while ((read = await body.ReadAsync(buffer)) > 0)
            {
                if (text.Length + read > limit)
                {
                    throw new FormRefusedException(ApiErrors.BodyTooLarge(limit));
                }
                text.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (text.Length == 0)
        {
            throw new FormRefusedException(ApiErrors.EmptyBody);
        }
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text.GetBuffer().AsMemory(0, (int)text.Length));
        }
        catch (JsonException e)
        {
            throw new FormRefusedException(new ApiError(400, ApiError.InvalidRequest, "invalid_json", $"The body is not valid JSON: {e.Message}"));
        }
        using (document)
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new FormRefusedException(new ApiError(400, ApiError.InvalidRequest, "invalid_json", "The body is not a JSON object."));
            }
            foreach (var member in document.RootElement.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null))
            {
                await AddAsync(form, member);
            }
        }
    }

    private static ValueTask AddAsync(VideoForm form, JsonProperty member)
    {
        string value;
        try
        {
            value = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : member.Value.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw new FormRefusedException(VideoErrors.Invalid(member.Name, $"'{member.Name}' holds what is no text."));
        }
        return form.AddAsync(member.Name, Encoding.UTF8.GetBytes(value));
    }
}
