/** Radii and shapes of points to choose from, as they are asked for and in words. */

export const RADII = [["", "15 pixels"], ["0px", "None: bare pixels"], ["5px", "5 pixels"], ["8px", "8 pixels"], ["25px", "25 pixels"],
  ["40px", "40 pixels"], ["100m", "100 metres"], ["500m", "500 metres"], ["2km", "2 km"], ["10km", "10 km"], ["50km", "50 km"],
  ["200km", "200 km"]];
export const KERNELS = [["", "Gaussian"], ["quartic", "Quartic"], ["epanechnikov", "Epanechnikov"], ["linear", "Linear"], ["uniform", "Uniform"]];

/** Whether a measure adds up what lies in a pixel, so that it can be told per square kilometre. */
export const addsUp = (measure) => /^(sum|count)\(/.test(measure);
