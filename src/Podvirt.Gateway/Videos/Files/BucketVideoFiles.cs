using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Podvirt.Gateway.Videos.Files;

/// <summary>Videos as objects of a bucket that speaks S3.</summary>
internal sealed class BucketVideoFiles : IVideoFiles, IDisposable
{
    private const string Extension = ".mp4";

    private readonly AmazonS3Client _client;
    private readonly BucketOptions _options;

    public BucketVideoFiles(BucketOptions options)
    {
        _options = options;
        _client = BucketClient.New(options);
    }

    public async Task SaveAsync(string name, string path, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await _client.PutObjectAsync(
                new PutObjectRequest
                {
                    BucketName = _options.Bucket,
                    Key = KeyOf(name),
                    FilePath = path,
                    ContentType = "video/mp4",
                    // Not every server takes Amazon's own coding off again.
                    UseChunkEncoding = false,
                },
                cancellationToken);
            File.Delete(path);
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            throw new VideoFilesException($"The video {name} could not be put into the bucket '{_options.Bucket}': {e.Message}", e);
        }
    }

    public async Task<Stream?> OpenAsync(string name, long offset, long length, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            var response = await _client.GetObjectAsync(
                new GetObjectRequest { BucketName = _options.Bucket, Key = KeyOf(name), ByteRange = new ByteRange(offset, offset + length - 1) },
                cancellationToken);
            return new PartialStream(response.ResponseStream, length, response);
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            throw new VideoFilesException($"The video {name} cannot be read from the bucket '{_options.Bucket}': {e.Message}", e);
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await _client.DeleteObjectAsync(_options.Bucket, KeyOf(name), cancellationToken);
        }
        catch (Exception e) when (IsTrouble(e, cancellationToken))
        {
            throw new VideoFilesException($"The video {name} could not be deleted from the bucket '{_options.Bucket}': {e.Message}", e);
        }
    }

    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        string? more = null;
        do
        {
            ListObjectsV2Response page;
            try
            {
                page = await _client.ListObjectsV2Async(
                    new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = _options.Prefix, ContinuationToken = more }, cancellationToken);
            }
            catch (Exception e) when (IsTrouble(e, cancellationToken))
            {
                throw new VideoFilesException($"The bucket '{_options.Bucket}' cannot be listed: {e.Message}", e);
            }
            foreach (var item in page.S3Objects ?? [])
            {
                if (NameOf(item.Key) is { } name)
                {
                    yield return name;
                }
            }
            more = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (more is not null);
    }

    public void Dispose() => _client.Dispose();

    // Whatever the client comes up with, its own time-outs too: the store does not do what it should.
    private static bool IsTrouble(Exception e, CancellationToken cancellationToken) =>
        e is not OperationCanceledException || !cancellationToken.IsCancellationRequested;

    private string KeyOf(string name) => _options.Prefix + name + Extension;

    private string? NameOf(string key)
    {
        var name = key.EndsWith(Extension, StringComparison.Ordinal) ? key[_options.Prefix.Length..^Extension.Length] : "";
        return VideoFolder.IsName(name) ? name : null;
    }
}
