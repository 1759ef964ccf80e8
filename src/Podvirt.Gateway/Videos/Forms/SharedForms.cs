using System.Net;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using Podvirt.Gateway.Videos.Files;

namespace Podvirt.Gateway.Videos.Forms;

/// <summary>Uploads of unfinished jobs in the bucket, beside the videos: whichever gateway goes on with a job finds its upload there.</summary>
internal sealed class SharedForms(BucketOptions options) : IDisposable
{
    private const string Extension = ".form";

    private readonly AmazonS3Client _client = BucketClient.New(options);

    /// <summary>Copies a file there; it stays.</summary>
    /// <exception cref="VideoFilesException">It is not there.</exception>
    public Task SaveAsync(string name, string path, CancellationToken cancellationToken) => AskAsync(
        $"The upload {name} could not be put there",
        async () => await _client.PutObjectAsync(
            new PutObjectRequest { BucketName = options.Bucket, Key = KeyOf(name), FilePath = path, UseChunkEncoding = false }, cancellationToken),
        cancellationToken);

    /// <summary>Copies it to a file, whole or not at all. Where it is not there, there is no file.</summary>
    /// <exception cref="VideoFilesException">It cannot be read at present.</exception>
    public Task FetchAsync(string name, string path, CancellationToken cancellationToken) => AskAsync(
        $"The upload {name} cannot be read",
        async () =>
        {
            var coming = path + ".coming";
            try
            {
                using var answer = await _client.GetObjectAsync(new GetObjectRequest { BucketName = options.Bucket, Key = KeyOf(name) }, cancellationToken);
                await using (var file = VideoFolder.Create(coming))
                {
                    await answer.ResponseStream.CopyToAsync(file, cancellationToken);
                }
                File.Move(coming, path, overwrite: true);
            }
            catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound)
            {
                // Whoever opens it finds that it is gone.
            }
        },
        cancellationToken);

    /// <summary>Whether it was there or not.</summary>
    /// <exception cref="VideoFilesException">It may still be there.</exception>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) => AskAsync(
        $"The upload {name} could not be deleted", async () => await _client.DeleteObjectAsync(options.Bucket, KeyOf(name), cancellationToken), cancellationToken);

    /// <summary>The names of all uploads there.</summary>
    /// <exception cref="VideoFilesException">They cannot be listed at present.</exception>
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? more = null;
        do
        {
            ListObjectsV2Response? page = null;
            await AskAsync(
                "Uploads cannot be listed",
                async () => page = await _client.ListObjectsV2Async(
                    new ListObjectsV2Request { BucketName = options.Bucket, Prefix = options.Prefix, ContinuationToken = more }, cancellationToken),
                cancellationToken);
            foreach (var key in (page!.S3Objects ?? []).Select(o => o.Key).Where(k => k.EndsWith(Extension, StringComparison.Ordinal)))
            {
                if (key[options.Prefix.Length..^Extension.Length] is var name && VideoFolder.IsName(name))
                {
                    yield return name;
                }
            }
            more = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (more is not null);
    }

    public void Dispose() => _client.Dispose();

    private async Task AskAsync(string failure, Func<Task> ask, CancellationToken cancellationToken)
    {
        // Not on a thread that relays.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await ask();
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new VideoFilesException($"{failure}, in the bucket '{options.Bucket}': {e.Message}", e);
        }
    }

    private string KeyOf(string name) => options.Prefix + name + Extension;
}
