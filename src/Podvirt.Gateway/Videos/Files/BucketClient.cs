using Amazon;
using Amazon.Runtime;
using Amazon.S3;

namespace Podvirt.Gateway.Videos.Files;

/// <summary>Clients of buckets that speak S3, Amazon's and others.</summary>
internal static class BucketClient
{
    public static AmazonS3Client New(BucketOptions options)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.PathStyle,
            // Servers that are not Amazon's know no checksums but their own.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.AbsoluteUri;
            config.AuthenticationRegion = options.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }
        return new AmazonS3Client(new BasicAWSCredentials(options.AccessKey, options.SecretKey), config);
    }
}
